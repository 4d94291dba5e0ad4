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

from integrations.hub import breaker, inbox, jobs, leases, runs, selectors, slots, wake, watchdog
from integrations.hub.execution import execute
from integrations.hub.models import BreakerState, Connection, RunKind
from integrations.hub.policy import Step

logger = logging.getLogger("integrations.hub.pump")

BUDGET_SECONDS = 25.0
# Work that is due sooner than this is waited for, instead of being left to the next tick.
NEAR_SECONDS = 5.0
LONGEST_NAP_SECONDS = 0.25
# From so much work on, a sibling is asked to help.
HELP_AFTER_ITEMS = 20
EVENTS_A_TURN = 10
BEAT_SECONDS = 10.0


@dataclass
class Turn:
    """What one pump has done so far."""

    until: float
    until_idle: bool
    tallies: runs.Tallies = field(default_factory=runs.Tallies)
    items: int = 0
    next_beat: float = 0.0
    has_called_help: bool = False

    @property
    def seconds_left(self) -> float:
        return self.until - time.monotonic()


def pump(budget_seconds: float = BUDGET_SECONDS, *, until_idle: bool = False) -> int:
    """Work until the budget is used or nothing is due; how many items were done.

    A budget of 0 still does one event and one job of the connections whose turn it is.
    `until_idle` also waits, within the budget, for retries and for work that others hold.
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
    """An event and a job of every connection that has some; False when there was none."""
    before = turn.items
    _serve(turn, inbox.connection_next, _events)
    _serve(turn, jobs.connection_next, _job)
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
        _timed(turn, connection_id, RunKind.INBOX, partial(inbox.process, claimed))
        if turn.seconds_left <= 0:
            return


def _job(turn: Turn, connection_id: int) -> None:
    """One job; while the breaker is open only as its single probe."""
    is_open = Connection.objects.filter(pk=connection_id, breaker_state=BreakerState.OPEN).exists()
    probe = breaker.probe(connection_id) if is_open else None
    if is_open and probe is None:
        return
    try:
        claimed = jobs.claim(connection_id)
        if claimed is not None:
            kind = RunKind.COMMAND if claimed.job.intent_id else RunKind.PUSH
            _timed(turn, connection_id, kind, partial(execute, claimed))
    finally:
        if probe is not None:
            leases.release(probe)


def _timed(turn: Turn, connection_id: int, kind: RunKind, work: Callable[[], Step]) -> None:
    started = time.monotonic()
    turn.items += 1
    try:
        step = work()
    except Exception:  # the boundary: the item stays leased, and is taken back when that ends
        logger.exception("%s of connection %s broke off", kind.label, connection_id)
        return
    turn.tallies.of(connection_id, kind).add(step, time.monotonic() - started)
    if turn.items >= HELP_AFTER_ITEMS and not turn.has_called_help:
        turn.has_called_help = True
        wake.wake()


def _nap(turn: Turn) -> bool:
    """Wait for what is due soon; False when nothing is, so that the worker is free again."""
    seconds = selectors.seconds_until_due()
    horizon = turn.seconds_left if turn.until_idle else min(NEAR_SECONDS, turn.seconds_left)
    if seconds is None or seconds > horizon or (seconds <= 0 and not turn.until_idle):
        return False
    time.sleep(min(max(seconds, 0.01), LONGEST_NAP_SECONDS))
    return True


def _show_life(turn: Turn) -> None:
    if time.monotonic() >= turn.next_beat:
        watchdog.beat("pump")
        turn.next_beat = time.monotonic() + BEAT_SECONDS
