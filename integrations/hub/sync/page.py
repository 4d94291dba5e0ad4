"""One page of theirs while it is taken over, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from integrations.hub.merge import Plan
from integrations.hub.models import SyncRecord
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import quarantine
from integrations.hub.sync.links import NewLink
from integrations.hub.sync.quarantine import Trouble
from integrations.hub.sync.scene import Scene


class Source(StrEnum):
    """How it is known what a thing of theirs is like."""

    LISTED = "listed"  # by a list or a search, whose index lags behind
    READ = "read"  # the vendor was asked for this very thing
    TOLD = "told"  # by an event, which may come late


@dataclass
class Counts:
    """What a page did."""

    seen: int = 0
    created: int = 0
    updated: int = 0
    matched: int = 0
    gone: int = 0
    left: int = 0
    failed: int = 0

    def add(self, other: Counts) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass
class ThereAgain:
    """Things that were gone: links that are back in service, and ids that are to be looked at.

    Those `later` only once no list or copy of the vendor's can be behind any more.
    """

    back: list[SyncRecord] = field(default_factory=list)
    doubted: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)


@dataclass
class Page:
    """One page being taken over."""

    scene: Scene
    read_at: datetime
    source: Source
    records: dict[str, RemoteRecord]
    links: dict[str, SyncRecord]
    asked_at: Mapping[str, datetime] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    plans: dict[str, Plan] = field(default_factory=dict)
    linked: list[NewLink] = field(default_factory=list)
    back: list[SyncRecord] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    there_again: ThereAgain = field(default_factory=ThereAgain)
    dirty: set[int] = field(default_factory=set)

    def asked_at_of(self, external_id: str) -> datetime:
        """When the vendor was asked for this thing."""
        return self.asked_at.get(external_id, self.read_at)

    def set_aside(self, troubles: Mapping[str, Trouble]) -> None:
        """By their id; the rest of the page goes on without them."""
        quarantine.theirs_keep(self.scene, troubles)
        self.counts.failed += len(troubles)
        for external_id in troubles:
            self.records.pop(external_id, None)
