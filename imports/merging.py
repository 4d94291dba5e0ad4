"""What a row would change in a record that is there already: pure rules, field by field.

An empty cell never erases. Lists grow. An address that identifies the record is never exchanged,
and an opt-out stays an opt-out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crm.rules.consent import CONSENT, consent_moves
from imports.choices import DuplicateStrategy
from imports.working import CUSTOM

EMPTY: Final[tuple[Any, ...]] = (None, "", [], (), {})
LISTS: Final = frozenset({"tags", "other_emails"})
# Filled when blank and never overwritten: by these the record was found, or will be.
IDENTITY: Final = frozenset({"email", "domain", "name"})
RAW: Final = {"phone_raw": "phone", "mobile_raw": "mobile"}


def record_changes(
    present: Mapping[str, Any], given: Mapping[str, Any], *, strategy: DuplicateStrategy
) -> dict[str, Any]:
    """The fields of `present` that `given` changes under a strategy that writes."""
    fill_only = strategy is not DuplicateStrategy.UPDATE
    changes: dict[str, Any] = {}
    for name, value in given.items():
        old = present.get(name)
        if value == old or value in EMPTY or name in RAW:
            continue
        if name in LISTS:
            value = _grown(old or [], value, present)
            if len(value) == len(old or []):
                continue
        elif name == CUSTOM:
            value = _custom_changes(old or {}, value, fill_only=fill_only)
            if not value:
                continue
        elif name in CONSENT:
            if not consent_moves(old, value):
                continue
        elif name == "last_contacted_at":
            if old is not None and old >= value:
                continue
        elif old not in EMPTY and (fill_only or name in IDENTITY):
            continue
        changes[name] = value
    for raw, number in RAW.items():
        if number in changes:
            changes[raw] = given.get(raw, "")
    return changes


def _custom_changes(
    old: Mapping[str, Any], given: Mapping[str, Any], *, fill_only: bool
) -> dict[str, Any]:
    return {
        key: value
        for key, value in given.items()
        if value != old.get(key) and not (fill_only and old.get(key) not in EMPTY)
    }


def _grown(old: list[str], more: list[str], present: Mapping[str, Any]) -> list[str]:
    known = {entry.lower() for entry in old} | {str(present.get("email") or "").lower()}
    return [*old, *(entry for entry in more if entry.lower() not in known)]
