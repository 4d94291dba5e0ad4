"""How one record stands with each connected system, in the words its page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from crm.models import Record
from crm.services.ledger import record_type
from integrations.hub import registry
from integrations.hub.board import connections_of
from integrations.hub.conflict_lines import field_words
from integrations.hub.first_sync import stream_label, stream_of
from integrations.hub.models import (
    Attempt,
    Connection,
    ConnectionState,
    JobState,
    LinkState,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.policy import Action
from integrations.hub.sync.explaining import Explanation, Verdict, explain
from integrations.hub.value_words import Names, named_words, names_of, numbered_of

BADGES: Final = {
    Verdict.IN_SYNC: ("In sync", "ok"),
    Verdict.PENDING: ("Pending", "info"),
    Verdict.EXCLUDED: ("Excluded", ""),
    Verdict.GIVEN_UP: ("Given up", "err"),
    Verdict.SET_ASIDE: ("Set aside", "err"),
    Verdict.PROBLEM: ("With a problem", "warn"),
    Verdict.CONFLICT: ("Conflict", "warn"),
}
OUTCOMES: Final[dict[str, tuple[str, str]]] = {
    Action.DONE: ("Done", "ok"),
    Action.AGAIN: ("Tried again later", "warn"),
    Action.DEAD: ("Given up", "err"),
}
# What a person may have done again: the rest is in step, decided elsewhere, or kept out on purpose.
RETRIED: Final = frozenset({Verdict.GIVEN_UP, Verdict.SET_ASIDE, Verdict.PROBLEM, Verdict.PENDING})
ATTEMPTS_SHOWN: Final = 50


@dataclass(frozen=True)
class Standing:
    """One stream: the verdict in a word, why, and where to go on.

    `problems` are pairs of a field's name and what is wrong with it. `conflict` is the first that
    waits for a person.
    """

    state: SyncState
    label: str
    word: str
    tone: str
    reason: str
    is_retryable: bool
    their_id: str = ""
    their_url: str = ""
    compared_at: datetime | None = None
    problems: tuple[tuple[str, str], ...] = ()
    conflict: int | None = None

    @property
    def connection(self) -> Connection:
        return self.state.connection


@dataclass(frozen=True)
class Standings:
    """All that is known of one record elsewhere.

    `links` are to things that no stream keeps in step, such as a customer at a payment service.
    `unknown` are connections whose system is not installed any more, so that nobody can tell.
    `former` are disconnected ones that the record was in, or was sent to.
    """

    streams: list[Standing]
    links: list[SyncRecord]
    unknown: list[Connection]
    former: list[Connection]
    has_connections: bool

    @property
    def is_empty(self) -> bool:
        return not (self.streams or self.links or self.unknown)


def standings_of(record: Record) -> Standings:
    """A few queries, and as many again for each stream that keeps such records."""
    connections = list(connections_of(record.workspace).defer("credentials"))
    gone = [one.pk for one in connections if registry.find(one.provider) is None]
    kept = SyncState.objects.filter(connection__in=gone, record_type=record_type(record))
    lost = set(kept.values_list("connection_id", flat=True)) if gone else set()
    found = [] if lost else _of_concern(explain(record), record)
    busy = _busy(record) if found else set()
    names = _names(found, record)
    streams = [_standing(one, names, is_busy=one.state.connection_id in busy) for one in found]
    return Standings(
        streams=streams,
        links=_bare_links(record, connections, streams),
        unknown=[one for one in connections if one.pk in lost],
        former=_former(record),
        has_connections=bool(connections),
    )


def attempts_of(record: Record) -> list[Attempt]:
    """The latest tries to send it anywhere, newest first; without what was sent and answered."""
    rows = Attempt.objects.filter(
        job__record_type=record_type(record),
        job__record_id=record.pk,
        job__connection__in=connections_of(record.workspace),
    ).select_related("job__connection", "job__intent")
    return list(rows.defer("exchanges").order_by("-id")[:ATTEMPTS_SHOWN])


def _former(record: Record) -> list[Connection]:
    """One query; what was linked or tried there is kept for when it is connected again."""
    of_record = {"record_type": record_type(record), "connection": OuterRef("pk")}
    links = SyncRecord.objects.filter(local_id=record.pk, **of_record)
    jobs = SyncJob.objects.filter(record_id=record.pk, **of_record)
    rows = Connection.objects.filter(
        Exists(links) | Exists(jobs), workspace=record.workspace_id, state=ConnectionState.DISABLED
    )
    return list(rows.defer("credentials").order_by("name", "pk"))


def _of_concern(found: Sequence[Explanation], record: Record) -> list[Explanation]:
    """Of a connection's several streams for one type of record, those that such a one is for."""
    counts: dict[int, int] = {}
    for one in found:
        counts[one.state.connection_id] = counts.get(one.state.connection_id, 0) + 1
    return [
        one
        for one in found
        if counts[one.state.connection_id] == 1
        or one.link is not None
        or ((stream := stream_of(one.state)) is not None and stream.is_for(record))
    ]


def _busy(record: Record) -> set[int]:
    """Connections for which a try of the record waits already, or runs."""
    waiting = SyncJob.objects.filter(
        record_type=record_type(record),
        record_id=record.pk,
        state__in=(JobState.READY, JobState.LEASED),
    )
    return set(waiting.values_list("connection_id", flat=True))


def _names(found: Sequence[Explanation], record: Record) -> Names:
    """Of the stages and the like that fields were left out for; one query a model."""
    numbered = [
        value
        for one in found
        for path, said in one.problems.items()
        if (value := numbered_of(one.state.record_type, path, said)) is not None
    ]
    return names_of({record.workspace_id}, numbered)


def _standing(one: Explanation, names: Names, *, is_busy: bool) -> Standing:
    word, tone = BADGES[one.verdict]
    kind = one.state.record_type
    said = {path: named_words(kind, path, words, names) for path, words in one.problems.items()}
    waiting = [conflict.pk for conflict in one.conflicts if conflict.state == "open"]
    return Standing(
        state=one.state,
        label=stream_label(one.state),
        word=word,
        tone=tone,
        reason=_reason(one, said),
        is_retryable=one.verdict in RETRIED and not is_busy and not one.state.hold_reason,
        their_id=one.link.external_id if one.link else "",
        their_url=one.external_url,
        compared_at=one.link.folded_at if one.link else None,
        problems=tuple((field_words(kind, path), words) for path, words in said.items()),
        conflict=waiting[0] if waiting else None,
    )


def _reason(one: Explanation, said: Mapping[str, str]) -> str:
    words = one.words
    for path, named in said.items():
        words = words.replace(f"{path}: {one.problems[path]}", f"{path}: {named}")
    return words


def _bare_links(
    record: Record, connections: Sequence[Connection], streams: Sequence[Standing]
) -> list[SyncRecord]:
    """Links that are told of nowhere else."""
    told = {(one.state.connection_id, one.state.object) for one in streams}
    rows = SyncRecord.objects.filter(
        record_type=record_type(record), local_id=record.pk, connection__in=connections
    ).exclude(state=LinkState.TOMBSTONE)
    links = rows.select_related("connection").order_by("connection__name", "object")
    return [link for link in links if (link.connection_id, link.object) not in told]
