"""Records as a chunk sees them: what is stored, overlaid with what earlier rows of it decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# What a match, a difference or a rehearsal may need to know of a record.
CONTACT_FIELDS: Final = (
    "account_id", "first_name", "last_name", "email", "other_emails", "phone", "phone_raw",
    "mobile", "mobile_raw", "title", "linkedin_url", "lifecycle", "source", "source_detail",
    "tags", "owner_id", "email_opt_in", "last_contacted_at", "custom",
)  # fmt: skip
ACCOUNT_FIELDS: Final = (
    "name", "domain", "website", "industry", "phone", "phone_raw", "street", "city", "region",
    "postal_code", "country", "custom",
)  # fmt: skip
CUSTOM: Final = "custom"
FIELDS: Final = {"contact": CONTACT_FIELDS, "account": ACCOUNT_FIELDS}


@dataclass(slots=True)
class Working:
    """One record under work: `ref` is its id, or negative while it has none.

    `values` are as they would stand now, `changes` what this chunk adds to the stored ones,
    `is_new` says that this chunk made it, and `row` which row of the file first wrote it (0: none).
    """

    ref: int
    values: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    row: int = 0
    is_new: bool = False


@dataclass(slots=True)
class Shelf:
    """The records of one type that a chunk works on, found by id."""

    records: dict[int, Working] = field(default_factory=dict)

    def add(self, records: Iterable[Working]) -> None:
        for record in records:
            self.records.setdefault(record.ref, record)

    def make(self, ref: int, values: dict[str, Any], row: int) -> Working:
        """A new record; all its values are changes, so one mapping is both."""
        record = Working(ref, values, values, row=row, is_new=True)
        self.records[ref] = record
        return record

    def touch(self, record: Working, changes: Mapping[str, Any], row: int) -> None:
        custom: Mapping[str, Any] = changes.get(CUSTOM) or {}
        for target in (record.values, record.changes):
            own = target.get(CUSTOM) if custom else None
            target.update(changes)
            if own:
                target[CUSTOM] = {**own, **custom}
        record.row = record.row or row

    @property
    def new(self) -> list[Working]:
        """What this chunk makes, in the order of the rows."""
        return [record for record in self.records.values() if record.is_new]

    @property
    def changed(self) -> list[Working]:
        return [record for record in self.records.values() if not record.is_new and record.changes]
