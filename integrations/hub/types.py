"""Frozen values that travel between the steps of the hub; no database, no Django models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class RawRequest:
    """A web-hook as it came in; `headers` have lower-case names."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    path: str = ""

    def header(self, name: str) -> str:
        """The header's value, empty when it was not sent."""
        return self.headers.get(name.lower(), "")

    @property
    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Event:
    """One thing a vendor says has happened.

    `id` is the vendor's own event id; empty when the vendor has none (the hub then uses a hash of
    the body, compared with unprocessed events only). `subject` names the remote thing it is about:
    events of one subject never run at once and run in the order they came. `key` makes the fact
    unique where two events tell of the same thing; the event's id when empty. `received_at` is when
    it came in, as the hub adds before it is applied.
    """

    id: str
    kind: str
    payload: Mapping[str, Any]
    occurred_at: datetime | None = None
    subject: str = ""
    key: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True)
class AccountInfo:
    """Whose account the credentials open; shown on the connection."""

    id: str
    name: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registration:
    """A web-hook that is right now: `secrets` are stored encrypted, `note` is for a person.

    The note says what was wrong and was mended, or that all was well.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = "The web-hook is in place."


@dataclass(frozen=True)
class EnvironmentConnection:
    """A connection as the environment asks for it; switched off, it names nothing else."""

    is_enabled: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    # Never in a repr: it would reach a log.
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ConnectionReport:
    """What a connection test found, in words for the person.

    `account` is there when the credentials work; `is_taken` when another connection has it, or had
    it before it was disconnected: the one whose number is `holder`; `is_refused` when the vendor
    answered that these credentials are not good enough.
    """

    is_ok: bool
    message: str
    account: AccountInfo | None = None
    is_taken: bool = False
    holder: int | None = None
    is_refused: bool = False


@dataclass(frozen=True)
class FailingRound:
    """A round of the tick that fails, with what it met; holds no secret."""

    name: str
    message: str
    times: int
    age_seconds: float


@dataclass(frozen=True)
class HubHealth:
    """Whether the engine keeps up; `is_stuck` means that the cluster should be restarted.

    Ages are in seconds by the database's clock; None where there never was a heartbeat.
    """

    is_stuck: bool
    due_jobs: int
    due_events: int
    oldest_due_seconds: float
    heartbeat_age_seconds: float | None
    tick_age_seconds: float | None
    dead_jobs: int
    dead_events: int
    failing_rounds: tuple[FailingRound, ...] = ()
    is_inbox_full: bool = False

    @property
    def is_ok(self) -> bool:
        return not self.is_stuck

    @property
    def message(self) -> str:
        """One sentence for an operator."""
        waiting = self.due_jobs + self.due_events
        if self.is_stuck:
            waits = (
                f"{waiting} pieces of work wait, the oldest for {self.oldest_due_seconds:.0f} s"
                if waiting
                else "No work is due"
            )
            return f"{waits}, and no worker has moved: restart the cluster."
        said = f"{waiting} pieces of work wait." if waiting else "Nothing waits."
        return " ".join([said, *self.troubles])

    @property
    def troubles(self) -> list[str]:
        """What keeps no work from being done now, yet wants an operator; a sentence for each."""
        full = "The inbox is full: vendors are told to send their events again later."
        rounds = [
            f"The round “{one.name}” fails ({one.times} times, last {one.age_seconds:.0f} s ago: "
            f"{one.message})."
            for one in self.failing_rounds
        ]
        return [full, *rounds] if self.is_inbox_full else rounds
