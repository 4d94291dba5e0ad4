"""Does all due work within a budget of time; called by the queue, by hubworker and by tests.

The database is the truth: losing every call of this function loses nothing, and running it in
many processes at once does nothing twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from crm.unavailable import is_database_trouble
from integrations.hub import (
    batches,
    breaker,
    disk,
    inbox,
    jobs,
    leases,
    runs,
    selectors,
    slots,
    wake,
    watchdog,
)
from integrations.hub.models import BreakerState, Connection, JobKind, RunKind
from integrations.hub.policy import Step
from integrations.hub.sync import leasing, pulls
from integrations.hub.sync.working import TOGETHER_SIZE, batch_size

logger = logging.getLogger("integrations.hub.pump")

BUDGET_SECONDS = 25.0
# Work that is due sooner than this is waited for, instead of being left to the next tick.
NEAR_SECONDS = 5.0
LONGEST_NAP_SECONDS = 0.25
# From so much work on, a sibling is asked to help.
HELP_AFTER_ITEMS = 20
EVENTS_A_TURN = 10
BEAT_SECONDS = 10.0
MOST_MISSES = 10


@dataclass
class Turn:
    """What one pump has done so far."""

    until: float
    until_idle: bool
    tallies: runs.Tallies = field(default_factory=runs.Tallies)
    items: int = 0
    next_beat: float = 0.0
    has_called_help: bool = False
    has_told_of_disk: bool = False
    misses: int = 0
    paces: dict[int, batches.Pace] = field(default_factory=dict)

    @property
    def seconds_left(self) -> float:
        return self.until - time.monotonic()


def pump(budget_seconds: float = BUDGET_SECONDS, *, until_idle: bool = False) -> int:
    """Work until the budget is used or nothing is due; how many items were done.

    A budget of 0 still does one event and one job of the connections whose turn it is.
    `until_idle` also waits, within the budget, for retries and for work that others hold.
    Raises DatabaseError, and begins nothing more, when our own database is in trouble.
    """
    wake.clear()
    with slots.slot() as number:
        if number is None:
            return 0
        turn = Turn(time.monotonic() + budget_seconds, until_idle)
        try:
            _work(turn)
        finally:
            turn.tallies.store()
    # Only now that the slot is free: a pump that found none meanwhile has left its work to us.
    if selectors.is_work_due():
        wake.wake()
    return turn.items


def _work(turn: Turn) -> None:
    inbox.sweep()
    jobs.sweep()
    while True:
        _show_life(turn)
        if (not _round(turn) and not _nap(turn)) or turn.seconds_left <= 0:
            return


def _round(turn: Turn) -> bool:
    """Events, jobs and pages of every connection that has some; False when there were none."""
    before = turn.items
    _serve(turn, inbox.connection_next, _events)
    _serve(turn, jobs.connection_next, _jobs)
    _pulls(turn)
    if turn.items > before:
        turn.misses = 0
    return turn.items > before


def _serve(
    turn: Turn,
    connection_next: Callable[[list[int]], int | None],
    work: Callable[[Turn, int], None],
) -> None:
    served: list[int] = []
    while (connection_id := connection_next(served)) is not None:
        served.append(connection_id)
        work(turn, connection_id)
        if turn.seconds_left <= 0:
            return


def _events(turn: Turn, connection_id: int) -> None:
    """A few at a time, since they take no call to the vendor."""
    for _ in range(EVENTS_A_TURN):
        claimed = inbox.claim(connection_id)
        if claimed is None:
            return
        _event(turn, connection_id, claimed)
        if turn.seconds_left <= 0:
            return


def _pulls(turn: Turn) -> None:
    """Not while the disk is nearly full: pages add rows, and the vendor keeps them meanwhile."""
    short = disk.short_disk()
    if short is None:
        _serve(turn, leasing.connection_next, _pull)
    elif not turn.has_told_of_disk:
        turn.has_told_of_disk = True
        logger.warning("nothing is pulled: %s", short.words)


def _pull(turn: Turn, connection_id: int) -> None:
    """Some pages of one stream; while the breaker is open they are its single probe."""
    is_open = Connection.objects.filter(pk=connection_id, breaker_state=BreakerState.OPEN).exists()
    probe = breaker.probe(connection_id) if is_open else None
    if is_open and probe is None:
        return
    try:
        # The run has its own line in the log.
        if pulls.turn(connection_id, seconds=min(pulls.TURN_SECONDS, turn.seconds_left)):
            turn.items += 1
    finally:
        if probe is not None:
            leases.release(probe)


def _jobs(turn: Turn, connection_id: int) -> None:
    """As many as fit into half a second; while the breaker is open one, as its single probe."""
    connection = Connection.objects.select_related("workspace").filter(pk=connection_id).first()
    if connection is None:
        return
    is_open = connection.breaker_state == BreakerState.OPEN
    probe = breaker.probe(connection_id) if is_open else None
    if is_open and probe is None:
        return
    pace = turn.paces.setdefault(connection_id, batches.Pace())
    try:
        _batch(turn, connection, batches.Pace() if is_open else pace, is_open=is_open)
    finally:
        if probe is not None:
            leases.release(probe)


def _size(connection: Connection, pace: batches.Pace) -> int:
    """Jobs of streams are done in one go with the vendor, so as many as one call takes.

    Not many more, however quick they were: the next ones may all have something to send.
    """
    if not connection.declaration.streams:
        return pace.size
    return max(min(pace.size, TOGETHER_SIZE), batch_size(connection))


def _batch(turn: Turn, connection: Connection, pace: batches.Pace, *, is_open: bool) -> None:
    began, before = time.monotonic(), turn.items
    held = jobs.claim_many(connection, pace.size if is_open else _size(connection, pace))
    try:
        batches.work(held, partial(_told, turn))
    except Exception as error:  # the boundary: what is held is taken back when its lease ends
        logger.exception("work of connection %s broke off", connection.pk)
        turn.items += 1
        if is_database_trouble(error):
            jobs.uncount(held)
            raise
    pace.learn(turn.items - before, time.monotonic() - began)
    _call_help(turn)


def _told(turn: Turn, claimed: jobs.Claimed, step: Step, seconds: float) -> None:
    turn.items += 1
    tally = turn.tallies.of(claimed.job.connection_id, runs.kind_of(claimed.job))
    tally.add(step, seconds, is_of_stream=claimed.job.kind == JobKind.INBOUND)


def _event(turn: Turn, connection_id: int, claimed: inbox.ClaimedEvent) -> None:
    started = time.monotonic()
    turn.items += 1
    try:
        step = inbox.process(claimed)
    except Exception as error:  # the boundary: the event stays leased, until that ends
        logger.exception("an event of connection %s broke off", connection_id)
        if is_database_trouble(error):
            inbox.uncount(claimed)
            raise
        return
    seconds = time.monotonic() - started
    is_of_stream = step.reason == runs.HANDED_ON
    turn.tallies.of(connection_id, RunKind.INBOX).add(step, seconds, is_of_stream=is_of_stream)
    _call_help(turn)


def _call_help(turn: Turn) -> None:
    if turn.items >= HELP_AFTER_ITEMS and not turn.has_called_help:
        turn.has_called_help = True
        wake.wake()


def _nap(turn: Turn) -> bool:
    """Wait for what is due soon; False when nothing is, so that the worker is free again.

    What is due and was not found is another worker's in this moment: looked for again, some times.
    """
    seconds = selectors.seconds_until_due()
    horizon = turn.seconds_left if turn.until_idle else min(NEAR_SECONDS, turn.seconds_left)
    if seconds is None or seconds > horizon:
        return False
    turn.misses = turn.misses + 1 if seconds <= 0 else 0
    if turn.misses > MOST_MISSES and not turn.until_idle:
        return False
    time.sleep(min(max(seconds, 0.01), LONGEST_NAP_SECONDS))
    return True


def _show_life(turn: Turn) -> None:
    if time.monotonic() >= turn.next_beat:
        watchdog.beat("pump")
        turn.next_beat = time.monotonic() + BEAT_SECONDS
