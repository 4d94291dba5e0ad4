"""Finds the records that rows are about: each step of the ladder is one query for a chunk.

The ladder: e-mail 100, LinkedIn 95, first and last name with account 90, phone 85. At the
workspace's threshold or above a match counts by itself; below it a person decides.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from imports.working import CUSTOM, FIELDS, Working

NameKey = tuple[int, str, str]


class Key(StrEnum):
    """The marks a record is recognised by."""

    EMAIL = "email"
    LINKEDIN = "linkedin"
    NAME = "name"
    PHONE = "phone"
    DOMAIN = "a_domain"
    COMPANY = "a_name"


SCORES: Final[dict[Key, int]] = {Key.EMAIL: 100, Key.LINKEDIN: 95, Key.NAME: 90, Key.PHONE: 85}
WORDS: Final[dict[Key, str]] = {
    Key.EMAIL: "same e-mail address",
    Key.LINKEDIN: "same LinkedIn address",
    Key.NAME: "same name at the same company",
    Key.PHONE: "same phone number",
}
Found = dict[Any, list[int]]


class Store(Protocol):
    """Where records are looked up: the CRM itself, or the CRM with a rehearsal laid over it."""

    def find(self, key: Key, wanted: Collection[Any]) -> Found: ...

    def load(self, record_type: str, refs: Collection[int]) -> list[Working]: ...


class LiveStore:
    """The records of one workspace that are not archived."""

    def __init__(self, workspace_id: int) -> None:
        self._workspace_id = workspace_id

    def find(self, key: Key, wanted: Collection[Any]) -> Found:
        """For each wanted mark the ids of the records that bear it, the oldest first."""
        if not wanted:
            return {}
        if key is Key.NAME:
            return self._find_names(wanted)
        parameters: dict[str, Any] = {"workspace": self._workspace_id, "marks": list(wanted)}
        with connection.cursor() as cursor:
            cursor.execute(QUERIES[key], parameters)
            rows = cursor.fetchall()
            if key is Key.EMAIL:
                rows += self._find_other_emails(cursor, parameters)
        found: Found = defaultdict(list)
        for mark, record_id in rows:
            if record_id not in found[mark]:
                found[mark].append(record_id)
        return found

    def _find_other_emails(
        self, cursor: CursorWrapper, parameters: dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        """By their inverted index, which the planner passes over for so many addresses at once."""
        cursor.execute(OTHER_EMAILS_EXIST, parameters)
        if cursor.fetchone() is None:
            return []
        with transaction.atomic():
            cursor.execute("SET LOCAL enable_seqscan TO off")
            cursor.execute(OTHER_EMAILS, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            cursor.execute("SET LOCAL enable_seqscan TO DEFAULT")
        return rows

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

    def _find_names(self, wanted: Iterable[NameKey]) -> Found:
        keys = list(wanted)
        columns = [[key[part] for key in keys] for part in range(3)]
        with connection.cursor() as cursor:
            cursor.execute(NAME_QUERY, [*columns, self._workspace_id])
            found: Found = defaultdict(list)
            for record_id, account_id, first, last in cursor.fetchall():
                found[(account_id, first, last)].append(record_id)
        return found


# Names are lowered by the database on both sides: its idea of lower case is the index's.
# The blank tests let the partial indexes of this app's migrations serve.
QUERIES: Final[Mapping[Key, str]] = {
    Key.EMAIL: """
        SELECT lower(email), id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND lower(email) = ANY(%(marks)s)
        ORDER BY 2""",
    Key.LINKEDIN: """
        SELECT lower(linkedin_url), id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND linkedin_url <> '' AND lower(linkedin_url) = ANY(%(marks)s)
        ORDER BY 2""",
    Key.PHONE: """
        SELECT phone, id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL AND phone = ANY(%(marks)s)
        UNION ALL
        SELECT mobile, id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND mobile <> '' AND mobile = ANY(%(marks)s)
        ORDER BY 2""",
    Key.DOMAIN: """
        SELECT lower(domain), id FROM crm_account
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND lower(domain) = ANY(%(marks)s)
        ORDER BY 2""",
    Key.COMPANY: """
        SELECT k.mark, a.id FROM unnest(%(marks)s::text[]) AS k(mark)
        JOIN crm_account a ON lower(a.name) = lower(k.mark)
        WHERE a.workspace_id = %(workspace)s AND a.archived_at IS NULL
        ORDER BY 2""",
}
OTHER_EMAILS_EXIST: Final = """
    SELECT 1 FROM crm_contact WHERE workspace_id = %(workspace)s AND other_emails <> '{}' LIMIT 1
"""
OTHER_EMAILS: Final = """
    SELECT mark, id FROM crm_contact, unnest(other_emails) AS mark
    WHERE workspace_id = %(workspace)s AND archived_at IS NULL
        AND other_emails && %(marks)s::varchar[] AND mark = ANY(%(marks)s)
    ORDER BY 2
"""
NAME_QUERY: Final = """
    SELECT c.id, k.account_id, k.first, k.last
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS k(account_id, first, last)
    JOIN crm_contact c ON c.account_id = k.account_id
        AND lower(c.last_name) = lower(k.last) AND lower(c.first_name) = lower(k.first)
    WHERE c.workspace_id = %s AND c.archived_at IS NULL ORDER BY c.id
"""
LOADS: Final[Mapping[str, str]] = {
    record_type: (
        f"SELECT id, {', '.join(names)} FROM crm_{record_type}"  # noqa: S608
        " WHERE workspace_id = %s AND id = ANY(%s) ORDER BY id"
    )
    for record_type, names in FIELDS.items()
}
