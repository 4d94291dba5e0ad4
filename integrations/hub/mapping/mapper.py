"""One record type's mapping on one connection, ready for use: rows to fields, values both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from crm.models import Record
from crm.rules.consent import is_consent
from crm.services.ledger import CUSTOM_PREFIX
from integrations.hub.mapping.chain import Chain
from integrations.hub.mapping.paths import (
    SEPARATOR,
    ours_read,
    ours_written,
    theirs_read,
    theirs_written,
)
from integrations.hub.merge import Direction, MergeField, Rule, Side
from integrations.hub.merge.types import BLANK, Values

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """A field of ours and one of theirs that say the same; `path` is unique within a mapping."""

    path: str
    external: str
    chain: Chain = field(default_factory=Chain)
    direction: Direction = Direction.BOTH
    rule: Rule = Rule.LAST_WRITE
    rank: int = 0
    is_required: bool = False
    is_enforced: bool = False


@dataclass(frozen=True)
class DataMapper:
    """The rows of one mapping, at one version; immutable, so that it may be kept for long.

    `is_nested`: dots in the vendor's names lead into objects, instead of being part of the name.
    `since` is the mapping's version from which each path is about the field that it is about now,
    be its row at work or off: what is kept under it outlives the time that the row is off.
    """

    rows: Sequence[Row]
    version: int = 1
    first: Side = Side.THEIRS
    is_nested: bool = False
    since: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def fields(self) -> tuple[MergeField, ...]:
        return tuple(
            MergeField(
                name=row.path,
                codec=row.chain,
                direction=row.direction,
                rule=row.rule,
                rank=row.rank,
                first=self.first,
                is_enforced=row.is_enforced,
                is_consent=is_consent(row.path),
            )
            for row in self.rows
        )

    @cached_property
    def externals(self) -> tuple[str, ...]:
        """The vendor's fields to ask for, each once."""
        return tuple(dict.fromkeys(row.external for row in self.rows))

    @cached_property
    def related(self) -> tuple[str, ...]:
        """Links of ours that values are read through: name them to `select_related`."""
        own = (row.path for row in self.rows if not row.path.startswith(CUSTOM_PREFIX))
        return tuple(dict.fromkeys(path.split(SEPARATOR)[0] for path in own if SEPARATOR in path))

    def named_after(self, version: int) -> frozenset[str]:
        """Our paths that were mapped to another field of theirs, or to none, at that version."""
        if self._newest <= version:
            return frozenset()
        return frozenset(path for path, since in self.since.items() if since > version)

    @cached_property
    def _newest(self) -> int:
        return max(self.since.values(), default=0)

    def still_meant(self, kept: dict[str, T], version: int) -> dict[str, T]:
        """What was kept at that version, by our paths, less what was of another pair of fields."""
        others = self.named_after(version)
        return {path: one for path, one in kept.items() if path not in others} if others else kept

    def ours(self, record: Record) -> dict[str, Any]:
        """Our values by path."""
        return {row.path: ours_read(record, row.path) for row in self.rows}

    def theirs(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Their values by our paths, as they spell them."""
        return {row.path: theirs_read(body, row.external) for row in self.rows}

    def for_service(self, pulls: Values) -> dict[str, Any]:
        """What is taken over, as a service takes it."""
        return ours_written(pulls)

    def for_vendor(self, sent: Values) -> dict[str, Any]:
        """What is sent, by the vendor's names; `sent` holds their spelling by our paths."""
        named = {row.external: sent[row.path] for row in self.rows if row.path in sent}
        return theirs_written(named, is_nested=self.is_nested)

    def missing(self, values: Values) -> list[str]:
        """The required paths that hold nothing."""
        return [row.path for row in self.rows if row.is_required and values.get(row.path) in BLANK]
