"""The kinds of record that are kept in step, and what differs between them; plain facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# A link to another record is a value too: `@companies` holds the id of the one that counts.
LINK = "@"
# The first words of a note, which has no title of its own.
FIRST_WORDS = "@subject"
MERGED_IDS = "hs_merged_object_ids"
NEXA_ID, NEXA_REV = "nexa_id", "nexa_rev"
# Of a record's companies one is the primary one; by these types, as seen from the record.
PRIMARY_TYPES = frozenset({1, 5})


@dataclass(frozen=True)
class Kind:
    """`links` are association types by the other kind: the one a link of ours is given.

    `modified` is what changes are found by. `rich` are properties of HTML, `named_by` the property
    that is never left blank, and `name` what stands there for a record without one.
    """

    name: str
    identifier: str
    word: str
    modified: str = "hs_lastmodifieddate"
    links: Mapping[str, int] = field(default_factory=dict)
    rich: tuple[str, ...] = ()
    named_by: str = ""
    unnamed: str = ""
    can_merge: bool = False
    is_timed: bool = False

    def link_kinds(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """The other kinds that `fields` ask for."""
        return tuple(to for to in self.links if LINK + to in fields)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("companies", "0-2", "company", named_by="name", unnamed="Company", can_merge=True),
        Kind(
            "contacts",
            "0-1",
            "contact",
            modified="lastmodifieddate",
            links={"companies": 1},
            can_merge=True,
        ),
        Kind(
            "deals",
            "0-3",
            "deal",
            links={"companies": 5, "contacts": 3},
            named_by="dealname",
            unnamed="Deal",
            can_merge=True,
        ),
        Kind(
            "notes",
            "0-46",
            "note",
            links={"contacts": 202, "companies": 190, "deals": 214},
            rich=("hs_note_body",),
            is_timed=True,
        ),
        Kind(
            "calls",
            "0-48",
            "call",
            links={"contacts": 194, "companies": 182, "deals": 206},
            rich=("hs_call_body",),
            named_by="hs_call_title",
            unnamed="Call",
            is_timed=True,
        ),
        Kind(
            "meetings",
            "0-47",
            "meeting_event",
            links={"contacts": 200, "companies": 188, "deals": 212},
            rich=("hs_meeting_body",),
            named_by="hs_meeting_title",
            unnamed="Meeting",
            is_timed=True,
        ),
        Kind(
            "tasks",
            "0-27",
            "task",
            links={"contacts": 204, "companies": 192, "deals": 216},
            rich=("hs_task_body",),
            named_by="hs_task_subject",
            unnamed="Task",
            is_timed=True,
        ),
    )
}
BY_WORD: Mapping[str, Kind] = {kind.word: kind for kind in KINDS.values()}
BY_IDENTIFIER: Mapping[str, Kind] = {kind.identifier: kind for kind in KINDS.values()}
