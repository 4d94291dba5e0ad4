"""What the queue machine acts on: the real tables and functions, and what must be true of them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection as database

from crm.models import User, Workspace
from integrations.hub import breaker, gates, jobs, leases
from integrations.hub.commands import command_enqueue
from integrations.hub.credentials import Secrets
from integrations.hub.errors import Conflict, LeaseLost
from integrations.hub.execution import execute
from integrations.hub.jobs import Claimed
from integrations.hub.lanes import lane_of
from integrations.hub.models import (
    Attempt,
    BreakerState,
    Connection,
    ConnectionState,
    GateReason,
    JobKind,
    JobState,
    SyncJob,
)
from integrations.hub.policy import LADDER_SECONDS, Action, Step
from integrations.hub.row_leases import CLAIMS_WITHOUT_ATTEMPT
from tests import factories
from tests.integrations.hub.conftest import time_passes
from tests.integrations.hub.queue.vendor import PROVIDER_ID, UNCOUNTED, handling

RECORDS = (1, 2, 3)
LIVE = {JobState.READY, JobState.LEASED, JobState.DEAD}
CLEARED = (
    "hub_attempt",
    "hub_syncjob",
    "hub_writeintent",
    "hub_ratebucket",
    "hub_namedlease",
    "hub_connection",
    "crm_alert",
)


class Row(NamedTuple):
    """A job as the table has it."""

    id: int
    connection_id: int
    kind: str
    lane: int
    coalesce_key: str
    record_id: int
    state: str
    run_at: datetime.datetime
    sort_at: datetime.datetime
    claims: int
    attempts: int
    generation: int
    revivals: int
    lease_token: uuid.UUID | None
    lease_until: datetime.datetime | None
    reason: str


ROWS = f"SELECT {', '.join(Row._fields)} FROM hub_syncjob ORDER BY id"


@dataclass
class Hand:
    """A worker that holds a job."""

    claimed: Claimed
    probe: leases.Lease | None

    @property
    def job_id(self) -> int:
        return self.claimed.job.pk

    @property
    def is_probe(self) -> bool:
        return self.claimed.job.connection.breaker_state == BreakerState.OPEN


@dataclass
class World:
    """Two connections of one workspace, a few records, and workers that may die at any time."""

    workspace: Workspace
    actor: User
    connections: list[int] = field(default_factory=list)
    hands: list[Hand] = field(default_factory=list)
    # Edits that no successful call has carried to the vendor yet, by connection and record.
    owed: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    edits: int = 0
    commands_done: dict[int, list[int]] = field(default_factory=dict)

    def begin(self) -> None:
        self.connections = [
            Connection.objects.create(
                workspace=self.workspace,
                provider=PROVIDER_ID,
                name=factories.unique("Scripted"),
                credentials=Secrets({}),
            ).pk
            for _ in range(2)
        ]

    def end(self) -> None:
        with database.cursor() as cursor:
            for table in CLEARED:
                cursor.execute(f"DELETE FROM {table}")

    # --- People -------------------------------------------------------------------------------

    def edit(self, place: int, records: Iterable[int], head_start: int) -> None:
        before = self.rows()
        connection_id = self.connections[place]
        ids = sorted(set(records))
        self._dirty(connection_id, ids, head_start)
        self.edits += 1
        for record_id in ids:
            self.owed.setdefault((connection_id, record_id), set()).add(self.edits)
        after = self.rows()
        for record_id in ids:
            self._check_coalesced(before, after, connection_id, record_id)
        assert_kept(before, after, but={self._ready_push(after, connection_id, r) for r in ids})

    def _check_coalesced(
        self, before: dict[int, Row], after: dict[int, Row], connection_id: int, record_id: int
    ) -> None:
        old = self._ready_push(before, connection_id, record_id)
        new = self._ready_push(after, connection_id, record_id)
        assert new is not None, "an edit led to no job"
        if old is None:
            assert new not in before
            return
        assert new == old, "a waiting job was not joined"
        was, now = before[old], after[old]
        assert now.run_at == was.run_at, "a hot record defeated its own back-off"
        assert now.sort_at <= was.sort_at
        assert (now.attempts, now.claims, now.generation) == (
            was.attempts,
            was.claims,
            was.generation,
        )

    def command(self, place: int, record_id: int) -> None:
        connection = Connection.objects.get(pk=self.connections[place])
        command_enqueue(
            connection,
            "act",
            subject=("account", record_id),
            body={},
            key=factories.unique("act"),
        )

    def replay(self, index: int) -> None:
        job = self._dead(index)
        if job is None:
            return
        before = self.rows()
        is_taken_over = any(
            row.state == JobState.READY
            and (row.lane, row.coalesce_key) == (job.lane, job.coalesce_key)
            for row in before.values()
        )
        try:
            jobs.job_replay(job, actor=self.actor)
        except Conflict:
            assert is_taken_over
            assert self.rows() == before
            return
        assert not is_taken_over
        after = self.rows()
        was, now = before[job.pk], after[job.pk]
        assert (now.state, now.attempts, now.claims) == (JobState.READY, 0, 0)
        assert now.generation == was.generation + 1
        assert_kept(before, after, but={job.pk})

    def discard(self, index: int) -> None:
        job = self._dead(index)
        if job is None:
            return
        jobs.job_discard(job, actor=self.actor)
        rows = self.rows()
        assert rows[job.pk].state == JobState.DISCARDED
        lane = job.lane
        if not any(row.lane == lane and row.state in LIVE for row in rows.values()):
            self.owed.pop((job.connection_id, job.record_id), None)

    def reconnect(self, place: int) -> None:
        connection = Connection.objects.get(pk=self.connections[place])
        Connection.objects.filter(pk=connection.pk).update(
            state=ConnectionState.ACTIVE,
            gate_until=None,
            gate_reason=GateReason.NONE,
            token_version=connection.token_version + 1,
        )

    def _dead(self, index: int) -> SyncJob | None:
        dead = list(SyncJob.objects.filter(state=JobState.DEAD).order_by("pk"))
        return dead[index % len(dead)] if dead else None

    # --- Workers ------------------------------------------------------------------------------

    def claim(self, place: int, count: int = 1) -> Hand | None:
        """As the pump does it, held against what should be next; the first of what was claimed."""
        connection_id = self.connections[place]
        before, began = self.rows(), clock()
        connection = Connection.objects.select_related("workspace").get(pk=connection_id)
        is_open = connection.breaker_state == BreakerState.OPEN
        probe = breaker.probe(connection_id) if is_open else None
        if is_open and probe is None:
            return None
        held = self._claim(connection, 1 if is_open else count)
        self._check_claim(held, before, connection_id, 1 if is_open else count, (began, clock()))
        if not held and probe is not None:
            leases.release(probe)
        hands = [Hand(claimed, probe) for claimed in held]
        self.hands += reversed(hands)
        return hands[0] if hands else None

    def _check_claim(
        self,
        held: list[Claimed],
        before: dict[int, Row],
        connection_id: int,
        count: int,
        moments: tuple[datetime.datetime, datetime.datetime],
    ) -> None:
        expected = [self._next(before, connection_id, count, moment) for moment in moments]
        got = [claimed.job.pk for claimed in held]
        assert got in expected, f"claimed {got}, expected {expected}"
        after = self.rows()
        assert_kept(before, after, but=got)
        for claimed in held:
            was, now = before[claimed.job.pk], after[claimed.job.pk]
            assert (now.state, now.claims) == (JobState.LEASED, was.claims + 1)
            assert now.attempts == was.attempts
            assert now.lease_token == claimed.token

    def _next(
        self, rows: dict[int, Row], connection_id: int, count: int, moment: datetime.datetime
    ) -> list[int]:
        """The oracle: what a worker should be given at `moment`, said without SQL."""
        held = Connection.objects.filter(pk=connection_id).values_list("state", "gate_until")
        state, gate_until = held.get()
        if state != ConnectionState.ACTIVE or (gate_until is not None and gate_until > moment):
            return []
        able = sorted(
            (row for row in self._able(rows, moment) if row.connection_id == connection_id),
            key=lambda row: (row.sort_at, row.id),
        )[:count]
        picked: list[Row] = []
        for row in able:
            # What is handed out together is of one kind and of different lanes; a job that was
            # lost with its worker before is tried alone.
            is_alike = not picked or (row.kind == picked[0].kind and not row.claims)
            is_alone = bool(picked) and bool(picked[0].claims)
            if is_alike and not is_alone and row.lane not in {one.lane for one in picked}:
                if any(
                    one.lane == row.lane and one.id != row.id for one in able[: able.index(row)]
                ):
                    continue
                picked.append(row)
        return [row.id for row in picked]

    def _able(self, rows: dict[int, Row], moment: datetime.datetime) -> list[Row]:
        busy = {row.lane for row in rows.values() if row.state == JobState.LEASED}
        ready = [row for row in rows.values() if row.state == JobState.READY]
        first_commands: dict[int, int] = {}
        for row in sorted(ready, key=lambda row: row.id):
            if row.kind == JobKind.COMMAND:
                first_commands.setdefault(row.lane, row.id)
        return [
            row
            for row in ready
            if row.run_at <= moment
            and row.lane not in busy
            and (row.kind != JobKind.COMMAND or first_commands[row.lane] == row.id)
        ]

    def hand_back(self, index: int) -> None:
        """Claimed with others, and its turn did not come."""
        if not self.hands:
            return
        hand = self.hands.pop(index % len(self.hands))
        before = self.rows()
        is_ours = before[hand.job_id].lease_token == hand.claimed.token
        assert jobs.hand_back(hand.claimed.job, hand.claimed.token) == is_ours
        after = self.rows()
        if hand.probe is not None:
            leases.release(hand.probe)
        if not is_ours:
            assert after == before, "an overtaken worker wrote"
            return
        was, now = before[hand.job_id], after[hand.job_id]
        sibling = self._sibling(before, was)
        assert now.state == (JobState.SUPERSEDED if sibling else JobState.READY)
        assert (now.attempts, now.run_at, now.sort_at) == (was.attempts, was.run_at, was.sort_at)
        assert now.claims == was.claims - (0 if sibling else 1)
        assert_kept(before, after, but={hand.job_id, sibling.id if sibling else None})

    def work(self, index: int, ending: str, meanwhile: Callable[[], object]) -> Step | None:
        """A worker carries out what it holds; `meanwhile` happens while the vendor thinks."""
        if not self.hands:
            return None
        hand = self.hands.pop(index % len(self.hands))
        job = hand.claimed.job
        key = (job.connection_id, job.record_id)
        seen: set[int] = set()
        befores: list[dict[int, Row]] = []

        def handler() -> str:
            if job.kind == JobKind.PUSH:
                seen.update(self.owed.get(key, ()))
            meanwhile()
            befores.append(self.rows())
            return ending

        attempts = Attempt.objects.filter(job=job).count()
        with handling(handler):
            start = self.rows()
            step = self._execute(hand.claimed)
        before = befores[0] if befores else start
        after = self.rows()
        if hand.probe is not None:
            leases.release(hand.probe)
        is_ours = before[job.pk].lease_token == hand.claimed.token
        if not is_ours:
            assert step.action == Action.LEAVE
            assert after == before, "an overtaken worker wrote"
            return step
        assert befores, "the handler was not asked, though the lease was held"
        self._check_end(hand, ending, before, after)
        assert Attempt.objects.filter(job=job).count() == attempts + 1
        if ending == "done":
            self._delivered(job, seen)
        return step

    def _check_end(
        self, hand: Hand, ending: str, before: dict[int, Row], after: dict[int, Row]
    ) -> None:
        was, now = before[hand.job_id], after[hand.job_id]
        is_failed_probe = hand.is_probe and ending in ("down", "silent")
        is_counted = ending not in UNCOUNTED and ending != "done" and not is_failed_probe
        sibling = self._sibling(before, was)
        assert now.lease_token is None
        if ending == "done":
            assert now.state == JobState.DONE
            assert now.attempts == was.attempts
        elif ending in ("refused", "forbidden") or (
            is_counted and was.attempts >= len(LADDER_SECONDS)
        ):
            # Dead of an outage that this very success ended it may be revived at once.
            assert now.state == JobState.DEAD
            assert now.attempts == was.attempts + 1
        elif sibling is None:
            assert now.state == JobState.READY
            assert now.attempts == was.attempts + int(is_counted), ending
        else:
            assert now.state == JobState.SUPERSEDED
            heir = after[sibling.id]
            assert heir.state == JobState.READY
            assert heir.attempts == max(sibling.attempts, was.attempts + int(is_counted)), ending
            assert heir.run_at >= sibling.run_at
        self._check_connection(hand, ending)
        self._check_others(hand, ending, before, after, sibling)

    def _check_connection(self, hand: Hand, ending: str) -> None:
        held = Connection.objects.get(pk=hand.claimed.job.connection_id)
        if ending.startswith("rate"):
            assert held.gate_until is not None, "429 left the gate open"
            assert held.gate_until > clock(), "429 left the gate open"
        version = hand.claimed.job.connection.token_version
        if ending == "auth" and version == held.token_version:
            assert held.state == ConnectionState.AUTH_FAILED

    def _check_others(
        self,
        hand: Hand,
        ending: str,
        before: dict[int, Row],
        after: dict[int, Row],
        sibling: Row | None,
    ) -> None:
        changed = {
            pk for pk in before if pk != hand.job_id and before[pk]._replace() != after.get(pk)
        }
        changed -= {sibling.id} if sibling is not None else set()
        for pk in changed:
            was, now = before[pk], after[pk]
            assert was.state == JobState.DEAD, f"{was} became {now}"
            assert ending == "done", f"{was} became {now}"
            if now.state == JobState.READY:
                # The breaker closed: what died of the outage has its second life, once.
                assert (was.revivals, now.revivals, was.reason) == (0, 1, "transient")
                assert now.generation == was.generation + 1
                continue
            assert now.state == JobState.SUPERSEDED
            assert (was.lane, was.kind) == (before[hand.job_id].lane, JobKind.PUSH)

    def _delivered(self, job: SyncJob, seen: set[int]) -> None:
        key = (job.connection_id, job.record_id)
        if job.kind == JobKind.PUSH and key in self.owed:
            self.owed[key] -= seen
            if not self.owed[key]:
                del self.owed[key]
        if job.kind == JobKind.COMMAND:
            done = self.commands_done.setdefault(job.lane, [])
            assert job.pk not in done, "a finished command ran again"
            done.append(job.pk)

    def die(self, index: int) -> None:
        """A worker is killed: nothing more comes from it, its lease runs out."""
        if self.hands:
            self.hands.pop(index % len(self.hands))

    def renew(self, index: int) -> None:
        if not self.hands:
            return
        hand = self.hands[index % len(self.hands)]
        before = self.rows()
        is_held = before[hand.job_id].lease_token == hand.claimed.token
        try:
            jobs.renew(hand.claimed)
        except LeaseLost:
            assert not is_held
            assert self.rows() == before
            return
        assert is_held
        assert self.rows()[hand.job_id].lease_until > before[hand.job_id].lease_until

    def stranger(self, index: int, is_stale: bool) -> None:
        """Somebody finishes with a token that is not the job's (any more)."""
        before = self.rows()
        leased = [pk for pk, row in before.items() if row.state == JobState.LEASED]
        targets = leased or list(before)
        if not targets:
            return
        job = SyncJob.objects.select_related("connection").get(pk=targets[index % len(targets)])
        own = before[job.pk].lease_token
        stale = [hand.claimed.token for hand in self.hands if hand.claimed.token != own]
        token = stale[0] if is_stale and stale else uuid.uuid4()
        assert not jobs.done(job, token)
        assert not jobs.dead(job, token, reason="x", code="x", error="x")
        assert not jobs.again(job, token, after_seconds=0, is_counted=True, code="x", error="x")
        assert self.rows() == before, "a foreign token wrote"

    def sweep(self) -> None:
        before, began = self.rows(), clock()
        self._sweep()
        after, ended = self.rows(), clock()
        for pk, was in before.items():
            now = after[pk]
            is_over = was.lease_until is not None and was.lease_until < began
            if was.state != JobState.LEASED or not is_over:
                is_near = was.lease_until is not None and was.lease_until < ended
                heirs = was.state == JobState.READY
                assert now == was or is_near or heirs, "the sweep touched a live lease"
                continue
            self._check_taken_back(was, now, before, after)

    def _check_taken_back(
        self, was: Row, now: Row, before: dict[int, Row], after: dict[int, Row]
    ) -> None:
        sibling = self._sibling(before, was)
        if was.claims >= CLAIMS_WITHOUT_ATTEMPT:
            assert (now.state, now.reason) == (JobState.DEAD, "crashes_worker")
        elif sibling is not None:
            assert now.state == JobState.SUPERSEDED
            assert after[sibling.id].attempts >= was.attempts
            assert after[sibling.id].claims >= was.claims
        else:
            assert (now.state, now.claims) == (JobState.READY, was.claims)
        assert now.attempts == was.attempts, "a lost worker cost the record a retry"

    def gate_close(self, place: int, seconds: float) -> None:
        gates.close(self.connection(place), seconds=seconds, reason=GateReason.MAINTENANCE)

    def pass_time(self, seconds: float) -> None:
        time_passes(seconds)

    # --- What must always hold ----------------------------------------------------------------

    def check(self) -> None:
        rows = self.rows().values()
        leased = [row.lane for row in rows if row.state == JobState.LEASED]
        assert len(leased) == len(set(leased)), "two leases in one lane"
        ready = [(row.lane, row.coalesce_key) for row in rows if row.state == JobState.READY]
        assert len(ready) == len(set(ready)), "two jobs wait for the same work"
        live = {row.lane for row in rows if row.state in LIVE}
        for connection_id, record_id in self.owed:
            lane = lane_of(connection_id, "account", record_id)
            assert lane in live, f"an edit of record {record_id} is nobody's work"
        for row in rows:
            assert (row.lease_token is not None) == (row.state == JobState.LEASED)
            assert row.attempts <= len(LADDER_SECONDS) + 1

    def settle(self) -> None:
        """The vendor is well, people reconnect, time goes by: the queue comes to rest."""
        self.hands.clear()
        for place in range(len(self.connections)):
            self.reconnect(place)
        for _ in range(40):
            time_passes(4000)
            jobs.sweep()
            while any(self._served(place) for place in range(len(self.connections))):
                pass
            states = {row.state for row in self.rows().values()}
            if not states & {JobState.READY, JobState.LEASED}:
                break
        else:
            raise AssertionError("the queue never comes to rest")
        self.check()
        dead = {(row.connection_id, row.record_id) for row in self._in(JobState.DEAD)}
        assert set(self.owed) <= dead, "an edit was neither delivered nor kept as dead"

    def _served(self, place: int) -> bool:
        hand = self.claim(place)
        if hand is not None:
            self.work(len(self.hands) - 1, "done", lambda: None)
        return hand is not None

    def _in(self, state: JobState) -> list[Row]:
        return [row for row in self.rows().values() if row.state == state]

    # --- The engine; the mutation gate breaks it here -----------------------------------------

    def _dirty(self, connection_id: int, ids: list[int], head_start: int) -> None:
        jobs.dirty(connection_id, "account", ids, head_start)

    def _claim(self, connection: Connection, count: int) -> list[Claimed]:
        return jobs.claim_many(connection, count)

    def _execute(self, claimed: Claimed) -> Step:
        return execute(claimed)

    def _sweep(self) -> None:
        jobs.sweep()

    # --- Looking ------------------------------------------------------------------------------

    def rows(self) -> dict[int, Row]:
        with database.cursor() as cursor:
            cursor.execute(ROWS)
            return {values[0]: Row(*values) for values in cursor.fetchall()}

    def connection(self, place: int) -> Connection:
        return Connection.objects.get(pk=self.connections[place])

    def _ready_push(self, rows: dict[int, Row], connection_id: int, record_id: int) -> int | None:
        lane = lane_of(connection_id, "account", record_id)
        for row in rows.values():
            if (row.lane, row.kind, row.state) == (lane, JobKind.PUSH, JobState.READY):
                return row.id
        return None

    def _sibling(self, rows: dict[int, Row], job: Row) -> Row | None:
        for row in rows.values():
            is_same = (row.lane, row.coalesce_key) == (job.lane, job.coalesce_key)
            if is_same and row.state == JobState.READY and row.id != job.id:
                return row
        return None


def assert_kept(
    before: dict[int, Row], after: dict[int, Row], *, but: Iterable[int | None] = ()
) -> None:
    """No other row was touched."""
    excepted = set(but)
    for pk, row in before.items():
        assert pk in excepted or after[pk] == row, f"{row} became {after[pk]}"


def clock() -> datetime.datetime:
    """The database's own time, which is the only one that counts."""
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime.datetime)
    return moment
