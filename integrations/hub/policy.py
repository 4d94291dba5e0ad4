"""What an outcome means for the job and for its connection (the error table); pure.

An attempt is an outcome that tells something about the record. What tells about the connection
(429, 401, a closed gate, a probe of the breaker), or about our own database, never uses one up.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum

from integrations.hub.errors import (
    AuthExpired,
    Forbidden,
    GateClosed,
    HubError,
    LeaseLost,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    StorageTrouble,
)

LADDER_SECONDS: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
INBOX_LADDER_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 21600.0, 54000.0)
JITTER = 0.2
AFTER_TIMEOUT_SECONDS = 30.0
LONGEST_RATE_GATE_SECONDS = 3600.0
DEFAULT_RATE_GATE_SECONDS = 60.0
# A database that was away or full for a moment; meanwhile everything else waits for it as well.
STORAGE_AGAIN_SECONDS = 15.0


class Action(StrEnum):
    """What becomes of the job."""

    DONE = "done"
    AGAIN = "again"
    DEAD = "dead"
    LEAVE = "leave"


class Signal(StrEnum):
    """What the outcome says about the connection."""

    SUCCESS = "success"
    FAILURE = "failure"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    PERMISSION = "permission"
    # Forbidden before: it says nothing new of the connection.
    OFF_LIMITS = "off limits"
    RATE = "rate"
    NONE = "none"


class Extent(StrEnum):
    """How many of those that were done together the vendor forbade, and in how many answers."""

    ONE = "one"
    TOGETHER = "together"
    EACH = "each"


@dataclass(frozen=True)
class Step:
    """The decision; `seconds` is the wait before the next try."""

    action: Action
    signal: Signal
    is_counted: bool
    code: str
    message: str
    reason: str = ""
    seconds: float = 0.0
    status: int | None = None

    @property
    def is_refusal(self) -> bool:
        """The job ended because the vendor said no, and not because nobody knows."""
        signals = (Signal.SUCCESS, Signal.FORBIDDEN, Signal.PERMISSION, Signal.OFF_LIMITS)
        return self.action == Action.DEAD and self.signal in signals


SUCCEEDED = Step(Action.DONE, Signal.SUCCESS, True, "", "")
# Reasons of a step that is done: the event asked for nothing, or nothing of the record could go.
IGNORED, NOTHING_SENT = "ignored", "nothing sent"


def done(note: str, *, is_sent: bool) -> Step:
    """Done, with a word on what did not go with it."""
    return replace(SUCCEEDED, message=note, reason="" if is_sent else NOTHING_SENT)


def step_after(
    error: HubError,
    *,
    attempts: int,
    waits_for_late_landing: bool = False,
    extent: Extent = Extent.ONE,
    is_repeated: bool = False,
    ladder: tuple[float, ...] = LADDER_SECONDS,
) -> Step:
    """What to do after `error`, when `attempts` tries of this generation were counted before.

    `waits_for_late_landing`: the call had no idempotency key and may still be applied by a vendor
    that answered late. `extent`: of a refusal that is no one record's. `is_repeated`: a try before
    was forbidden as well.
    """
    if isinstance(error, LeaseLost):
        return _step(error, Action.LEAVE, Signal.NONE)
    if isinstance(error, RateLimited):
        return _rate_step(error)
    if isinstance(error, AuthExpired):
        return _step(error, Action.AGAIN, Signal.AUTH)
    if isinstance(error, GateClosed):
        return _step(error, Action.AGAIN, Signal.NONE, seconds=error.after or 1.0)
    if isinstance(error, StorageTrouble):
        return _step(error, Action.AGAIN, Signal.NONE, seconds=jittered(STORAGE_AGAIN_SECONDS))
    if isinstance(error, Forbidden):
        return _forbidden_step(error, attempts, extent, is_repeated, ladder)
    if isinstance(error, Rejected | NotFound):
        return _step(error, Action.DEAD, Signal.SUCCESS, is_counted=True, reason=error.code)
    return _ladder_step(error, attempts, waits_for_late_landing, ladder)


def jittered(seconds: float) -> float:
    """±20 %, so that jobs that failed together do not come back together."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311


def _forbidden_step(
    error: Forbidden, attempts: int, extent: Extent, is_repeated: bool, ladder: tuple[float, ...]
) -> Step:
    """Only what one answer forbade to many is tried again: each alone may be off limits itself.

    Forbidden once more after somebody saw to the credentials, it may be the records after all, so
    it stops nobody else and uses its tries up.
    """
    is_news = extent != Extent.ONE and not is_repeated
    signal = (
        Signal.OFF_LIMITS if is_repeated else Signal.PERMISSION if is_news else Signal.FORBIDDEN
    )
    if extent == Extent.TOGETHER and is_news:
        return _step(error, Action.AGAIN, signal)
    if extent == Extent.TOGETHER and attempts < len(ladder):
        seconds = jittered(ladder[attempts])
        return _step(error, Action.AGAIN, signal, is_counted=True, seconds=seconds)
    return _step(error, Action.DEAD, signal, is_counted=True, reason="forbidden")


def _ladder_step(
    error: HubError, attempts: int, waits_for_late_landing: bool, ladder: tuple[float, ...]
) -> Step:
    is_vendors = isinstance(error, RetryLater)
    signal = Signal.FAILURE if is_vendors else Signal.NONE
    if attempts >= len(ladder):
        reason = "transient" if is_vendors else error.code.partition(":")[0]
        return _step(error, Action.DEAD, signal, is_counted=True, reason=reason)
    seconds = jittered(ladder[attempts])
    if waits_for_late_landing and isinstance(error, OutcomeUnknown):
        seconds = max(seconds, AFTER_TIMEOUT_SECONDS)
    if isinstance(error, RetryLater) and error.after_seconds:
        seconds = max(seconds, min(error.after_seconds, LONGEST_RATE_GATE_SECONDS))
    return _step(error, Action.AGAIN, signal, is_counted=True, seconds=seconds)


def _rate_step(error: RateLimited) -> Step:
    seconds = error.after if error.after is not None else DEFAULT_RATE_GATE_SECONDS
    seconds = min(seconds, LONGEST_RATE_GATE_SECONDS)
    signal = Signal.NONE if error.is_local else Signal.RATE
    return _step(error, Action.AGAIN, signal, seconds=seconds)


def _step(
    error: HubError,
    action: Action,
    signal: Signal,
    *,
    is_counted: bool = False,
    reason: str = "",
    seconds: float = 0.0,
) -> Step:
    return Step(action, signal, is_counted, error.code, str(error), reason, seconds, error.status)
