"""Says why a record is, or is not, in step with each connected system, in words and with proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from textwrap import shorten
from typing import Final

from django.db.models import Case, QuerySet, When
from django.utils import timezone

from crm.models import Record
from crm.services.ledger import record_type
from integrations.hub.merge import Direction
from integrations.hub.models import (
    GONE_WORDS,
    MADE_AGAIN_WORDS,
    Attempt,
    ConflictState,
    Connection,
    ConnectionState,
    JobState,
    LinkState,
    QuarantinedItem,
    SyncConflict,
    SyncJob,
    SyncRecord,
    SyncStage,
    SyncState,
)
from integrations.hub.streams import Stream
from integrations.hub.sync.parting import OPEN_WORDS
from integrations.hub.their_pages import their_page

ATTEMPTS_SHOWN: Final = 20
WORDS_SHOWN: Final = 200
DISCARDED: Final = (
    "An operator gave its last work up: it goes on when the record is changed, or tried again."
)


class Verdict(StrEnum):
    """How a record stands with one system."""

    IN_SYNC = "in_sync"
    PENDING = "pending"
    EXCLUDED = "excluded"
    GIVEN_UP = "given_up"
    SET_ASIDE = "set_aside"
    PROBLEM = "problem"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Explanation:
    """One record and one stream: the verdict, why, and what can be done.

    `attempts` are the latest tries, newest first; `external_url` leads to the vendor's page.
    """

    state: SyncState
    verdict: Verdict
    words: str
    link: SyncRecord | None = None
    external_url: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    conflicts: Sequence[SyncConflict] = ()
    attempts: Sequence[Attempt] = ()

    @property
    def connection(self) -> Connection:
        return self.state.connection


def explain(record: Record) -> list[Explanation]:
    """One for each stream of the workspace that keeps such records, in the order of connections."""
    states = (
        SyncState.objects.filter(
            connection__workspace_id=record.workspace_id, record_type=record_type(record)
        )
        .exclude(connection__state=ConnectionState.DISABLED)
        .select_related("connection__workspace")
        .order_by("connection__name", "order")
    )
    return [_explained(state, record) for state in states]


def _explained(state: SyncState, record: Record) -> Explanation:
    link = _link(state, record)
    verdict, words = _judged(state, record, link)
    stream = state.connection.declaration.stream(state.object)
    url = their_page(stream, state.connection, link.external_id) if link is not None else ""
    return Explanation(
        state=state,
        verdict=verdict,
        words=words,
        link=link,
        external_url=url,
        problems=dict(link.problems) if link else {},
        conflicts=list(_conflicts(link)),
        attempts=list(_attempts(state, record)),
    )


def _judged(state: SyncState, record: Record, link: SyncRecord | None) -> tuple[Verdict, str]:
    """The first that holds, from what keeps all records out to what only this one waits for."""
    stream = state.connection.declaration.stream(state.object)
    excluded = _excluded(state, stream, record, link)
    if excluded:
        return Verdict.EXCLUDED, excluded
    if link is not None and link.state == LinkState.QUARANTINED:
        return Verdict.SET_ASIDE, link.reason or "It was set aside."
    if link is not None and any(one.state == ConflictState.OPEN for one in _conflicts(link)):
        return Verdict.CONFLICT, "Both sides changed the same field; a person decides."
    waiting = _waiting(state, record)
    if waiting is not None:
        again = _again(state, record, link)
        return Verdict.PENDING, f"{again} {_waiting_words(state, waiting)}".strip()
    trouble = _trouble(state, record, link)
    if trouble is not None:
        return trouble
    missing = _missing(record, link)
    if link is None or missing:
        return Verdict.PENDING, _stopped(state) or _again(state, record, link) or missing
    when = f" as of {link.folded_at:%Y-%m-%d %H:%M} UTC" if link.folded_at else ""
    return Verdict.IN_SYNC, f"Both sides agree{when}."


def _again(state: SyncState, record: Record, link: SyncRecord | None) -> str:
    gone = _tombstone(state, record) if link is None else None
    if gone is None or gone.reason != MADE_AGAIN_WORDS:
        return ""
    return f"It was deleted at {state.connection.provider_name} and is made there again."


def _missing(record: Record, link: SyncRecord | None) -> str:
    """What the next work of the stream is to mend; empty for one that is in step."""
    if link is None:
        return "It is not there yet; the next full sync sends it."
    if link.gone_at is not None:
        return "It was not found there; it is looked for again."
    if link.local_version < record.version:
        return "It was changed since both sides were compared."
    return ""


def _excluded(
    state: SyncState, stream: Stream | None, record: Record, link: SyncRecord | None
) -> str:
    if stream is None:
        return f"{state.connection.provider_name} does not keep {state.object} any more."
    if not state.is_enabled:
        return f"{stream.label} are switched off on this connection."
    if state.stage != SyncStage.LIVE:
        return _not_live(state.connection)
    if not stream.is_for(record):
        return f"It does not belong to {stream.label.lower()}."
    if getattr(record, "archived_at", None) is not None and link is None:
        return "It is archived."
    if link is None:
        gone = _tombstone(state, record)
        if gone is not None and gone.reason not in OPEN_WORDS:
            return _ended_words(state, gone)
    if link is None and (Direction(state.direction) == Direction.PULL or stream.write is None):
        return "Records are only taken over from there, and this one did not come from there."
    return ""


def _not_live(connection: Connection) -> str:
    """What stops the connection is told first: nothing can be accepted before it is mended."""
    if connection.state == ConnectionState.ACTIVE:
        return "The first sync has not been accepted yet."
    why = shorten(connection.attention, width=WORDS_SHOWN, placeholder=" …")
    words = (f"{connection} {connection.state_words}.", why, "The first sync comes after that.")
    return " ".join(one for one in words if one)


def _ended_words(state: SyncState, gone: SyncRecord) -> str:
    """Why the two are apart, and what brings them together again."""
    if gone.reason != GONE_WORDS:
        return f"Its link was taken away: {gone.reason}"
    vendor = state.connection.provider_name
    if gone.is_erased:
        return f"It was erased at {vendor} to protect privacy; nothing of ours is sent there."
    return (
        f"It was deleted at {vendor}; ours is kept, and nothing of it is sent there. "
        f"Restore it at {vendor}, and the two are linked again by themselves."
    )


def _trouble(
    state: SyncState, record: Record, link: SyncRecord | None
) -> tuple[Verdict, str] | None:
    is_alive = Case(When(state=JobState.DEAD, then=False), default=True)
    last = _jobs(state, record).order_by(is_alive, "-id").first()
    if last is not None and last.state == JobState.DEAD:
        return Verdict.GIVEN_UP, last.last_error or last.reason
    if last is not None and _is_discarded(last, link):
        return Verdict.GIVEN_UP, f"{DISCARDED} {last.last_error}".strip()
    item = QuarantinedItem.objects.filter(
        connection=state.connection, object=state.object, external_id="", local_id=record.pk
    ).first()
    if item is not None:
        return Verdict.SET_ASIDE, item.message
    if link is not None and link.problems:
        named = "; ".join(f"{path}: {words}" for path, words in link.problems.items())
        return Verdict.PROBLEM, f"Some fields are left out. {named}"
    return None


def _is_discarded(last: SyncJob, link: SyncRecord | None) -> bool:
    """Whether a person gave the record's last work up, and nobody has compared the two since."""
    if last.state != JobState.DISCARDED or last.finished_at is None:
        return False
    return link is None or link.folded_at is None or link.folded_at <= last.finished_at


def _stopped(state: SyncState) -> str:
    """Why nothing of the stream goes on before a person acts; empty when it is at work."""
    connection = state.connection
    if connection.state != ConnectionState.ACTIVE:
        words = connection.state_words
        return f"{connection} {words}; what waits goes on when that is mended."
    return f"The stream waits for a decision: {state.hold_reason}" if state.hold_reason else ""


def _waiting_words(state: SyncState, job: SyncJob) -> str:
    connection = state.connection
    if _stopped(state):
        return _stopped(state)
    if connection.gate_until is not None and connection.gate_until > timezone.now():
        words = connection.get_gate_reason_display()
        return f"{words}; it goes on at {_hour(connection.gate_until)}."
    if job.state == JobState.LEASED:
        return "It is being sent now."
    if job.attempts:
        return f"Try {job.attempts} failed: {job.last_error} The next is at {_hour(job.run_at)}."
    return "It waits for its turn."


def _hour(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"


def _link(state: SyncState, record: Record) -> SyncRecord | None:
    links = SyncRecord.objects.filter(
        connection=state.connection, object=state.object, local_id=record.pk
    )
    return links.exclude(state=LinkState.TOMBSTONE).first()


def _tombstone(state: SyncState, record: Record) -> SyncRecord | None:
    links = SyncRecord.objects.filter(
        connection=state.connection, object=state.object, local_id=record.pk
    )
    return links.order_by("-state_at").first()


def _conflicts(link: SyncRecord | None) -> Sequence[SyncConflict]:
    if link is None:
        return ()
    return list(link.conflicts.filter(state__in=("open", "decided")).order_by("pk"))


def _jobs(state: SyncState, record: Record) -> QuerySet[SyncJob]:
    return SyncJob.objects.filter(
        connection=state.connection, record_type=state.record_type, record_id=record.pk
    )


def _waiting(state: SyncState, record: Record) -> SyncJob | None:
    waiting = _jobs(state, record).filter(state__in=(JobState.READY, JobState.LEASED))
    return waiting.order_by("pk").first()


def _attempts(state: SyncState, record: Record) -> Sequence[Attempt]:
    tries = Attempt.objects.filter(job__in=_jobs(state, record)).select_related("job")
    return list(tries.order_by("-id")[:ATTEMPTS_SHOWN])
