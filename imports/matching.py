"""Finds the records that rows are about: each step of the ladder is one query for a chunk.

The ladder: e-mail 100, LinkedIn 95, first and last name with account 90, phone 85. At the
workspace's threshold or above a match counts by itself; below it a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

from django.db import connection

from crm.selectors.marks import Found, Key, marks_find
from crm.selectors.matching import SCORES
from imports.working import CUSTOM, FIELDS, Working

__all__ = ["SCORES", "WORDS", "Found", "Key", "LiveStore", "Store"]

WORDS: Final[dict[Key, str]] = {
    Key.EMAIL: "same e-mail address",
    Key.LINKEDIN: "same LinkedIn address",
    Key.NAME: "same name at the same company",
    Key.PHONE: "same phone number",
}


class Store(Protocol):
    """Where records are looked up: the CRM itself, or the CRM with a rehearsal laid over it."""

    def find(self, key: Key, wanted: Collection[Any]) -> Found: ...

    def load(self, record_type: str, refs: Collection[int]) -> list[Working]: ...


class LiveStore:
    """The records of one workspace that are not archived."""

    def __init__(self, workspace_id: int) -> None:
        self._workspace_id = workspace_id

    def find(self, key: Key, wanted: Collection[Any]) -> Found:
        return marks_find(self._workspace_id, key, wanted)

    def load(self, record_type: str, refs: Collection[int]) -> list[Working]:
        if not refs:
            return []
        names = FIELDS[record_type]
        with connection.cursor() as cursor:
            cursor.execute(LOADS[record_type], [self._workspace_id, list(refs)])
            loaded = [(row[0], dict(zip(names, row[1:], strict=True))) for row in cursor.fetchall()]
        for _, values in loaded:
            values[CUSTOM] = json.loads(values[CUSTOM])
        return [Working(ref, values) for ref, values in loaded]


LOADS: Final[Mapping[str, str]] = {
    record_type: (
        f"SELECT id, {', '.join(names)} FROM crm_{record_type}"  # noqa: S608
        " WHERE workspace_id = %s AND id = ANY(%s) ORDER BY id"
    )
    for record_type, names in FIELDS.items()
}
