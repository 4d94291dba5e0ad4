"""Works through jobs that were claimed together, without letting any of them wait long.

Those that had nothing to send are stored together; one that called a vendor is stored by itself
and at once, so that a crash repeats one request at most.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from crm.collector import collector_resting
from integrations.hub import jobs
from integrations.hub.execution import Tried, attempted, settled, stored_quietly
from integrations.hub.jobs import Claimed
from integrations.hub.policy import Signal, Step
from integrations.hub.sync.working import attempt, is_together, store

# A person's edit waits no longer than this for a worker that is busy with others' work.
TURN_SECONDS = 0.5
MOST_AT_ONCE = 500
# A connection whose jobs are quick is given more of them at a time, step by step.
GROWTH = 4

Told = Callable[[Claimed, Step, float], None]


@dataclass
class Pace:
    """How many jobs of one connection fit into a turn, from how the last ones went."""

    size: int = 1

    def learn(self, count: int, seconds: float) -> None:
        if count:
            fitting = int(TURN_SECONDS / max(seconds / count, 0.001))
            self.size = max(1, min(MOST_AT_ONCE, self.size * GROWTH, fitting))


@dataclass
class _Turn:
    told: Told
    until: float
    quiet: list[tuple[Claimed, Tried]] = field(default_factory=list)

    def store_quiet(self) -> None:
        """One commit for all that had nothing to send; who was overtaken has stored nothing."""
        held, self.quiet = self.quiet, []
        for (claimed, tried), step in zip(held, stored_quietly(held), strict=True):
            self.told(claimed, step, tried.seconds)


@collector_resting()
def work(held: Sequence[Claimed], told: Told) -> None:
    """Do the jobs in their order; `told` hears how each went once that is stored.

    Those of a stream are done together, in as few calls as the vendor allows.

    Ends early, and hands the rest back, when the time of a turn is over or when one of them met
    trouble that may be the connection's or our own code's: its gate may be closed by now.
    """
    if held and is_together(held[0].job):
        for claimed, step, seconds in store(attempt(held)):
            told(claimed, step, seconds)
        return
    turn = _Turn(told, time.monotonic() + TURN_SECONDS)
    rest = deque(held)
    try:
        while rest and _one(turn, rest.popleft()):
            pass
    finally:
        try:
            turn.store_quiet()
        finally:
            jobs.hand_back_many([(claimed.job, claimed.token) for claimed in rest])


def _one(turn: _Turn, claimed: Claimed) -> bool:
    """False when the others should not be begun."""
    # Before a call, which may take long, nothing that is done is left in memory only.
    tried = attempted(claimed, before_call=partial(_store_before_call, turn))
    if tried.is_quiet:
        turn.quiet.append((claimed, tried))
        return time.monotonic() < turn.until
    step = settled(claimed, tried)
    turn.told(claimed, step, tried.seconds)
    return step.signal == Signal.SUCCESS and time.monotonic() < turn.until


def _store_before_call(turn: _Turn) -> None:
    if turn.quiet:
        turn.store_quiet()
