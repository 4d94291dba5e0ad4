"""What an outcome means for the job and for its connection (the error table); pure.

An attempt is an outcome that tells something about the record. What tells about the connection
(429, 401, a closed gate, a probe of the breaker) never uses one up.
"""

from __future__ import annotations

import hashlib
import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import requests
from django.db import DatabaseError

from crm.services.errors import ServiceError
from integrations.hub.credentials import UnreadableSecrets
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
    hub_error_in,
)

LADDER_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)
INBOX_LADDER_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 21600.0, 54000.0)
JITTER = 0.2
AFTER_TIMEOUT_SECONDS = 30.0
LONGEST_RATE_GATE_SECONDS = 3600.0
DEFAULT_RATE_GATE_SECONDS = 60.0


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
    RATE = "rate"
    NONE = "none"


class Bug(HubError):
    """An error of our own code; `code` names the place, so that equal ones can be counted."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class StorageTrouble(HubError):
    """Our own database was in trouble; says nothing about the vendor."""

    code = "storage"


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


SUCCEEDED = Step(Action.DONE, Signal.SUCCESS, True, "", "")


def classified(
    error: Exception, translate: Callable[[Exception], HubError | None] | None = None
) -> HubError:
    """Any exception as one of the hub's; `translate` knows the types of the vendor's SDK."""
    known = hub_error_in(error) or (translate(error) if translate else None)
    if known is not None:
        return known
    return _of_transport(error) or _of_our_own(error)


def step_after(
    error: HubError,
    *,
    attempts: int,
    waits_for_late_landing: bool = False,
    ladder: tuple[float, ...] = LADDER_SECONDS,
) -> Step:
    """What to do after `error`, when `attempts` tries of this generation were counted before.

    `waits_for_late_landing`: the call had no idempotency key and may still be applied by a vendor
    that answered late.
    """
    if isinstance(error, LeaseLost):
        return _step(error, Action.LEAVE, Signal.NONE)
    if isinstance(error, RateLimited):
        return _rate_step(error)
    if isinstance(error, AuthExpired):
        return _step(error, Action.AGAIN, Signal.AUTH)
    if isinstance(error, GateClosed):
        return _step(error, Action.AGAIN, Signal.NONE, seconds=error.after or 1.0)
    if isinstance(error, Forbidden):
        return _step(error, Action.DEAD, Signal.FORBIDDEN, is_counted=True, reason="forbidden")
    if isinstance(error, Rejected | NotFound):
        return _step(error, Action.DEAD, Signal.SUCCESS, is_counted=True, reason=error.code)
    return _ladder_step(error, attempts, waits_for_late_landing, ladder)


def jittered(seconds: float) -> float:
    """±20 %, so that jobs that failed together do not come back together."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311


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


def _of_transport(error: BaseException | None) -> HubError | None:
    """An exception of requests, or of an SDK that was raised from one."""
    while error is not None:
        if isinstance(error, requests.ConnectTimeout):
            return RetryLater("The vendor could not be reached in time.")
        if isinstance(error, requests.Timeout | requests.exceptions.ChunkedEncodingError):
            return OutcomeUnknown("The vendor did not answer in time.")
        if isinstance(error, requests.ConnectionError):
            return OutcomeUnknown("The connection to the vendor broke.")
        if isinstance(error, requests.RequestException):
            return RetryLater(f"The call failed ({type(error).__name__}).")
        error = error.__cause__
    return None


def _of_our_own(error: Exception) -> HubError:
    if isinstance(error, UnreadableSecrets):
        return AuthExpired(str(error))
    if isinstance(error, ServiceError):
        return Rejected(str(error))
    if isinstance(error, DatabaseError):
        return StorageTrouble(f"{type(error).__name__} of our own database.")
    return Bug(f"{type(error).__name__}: {error}", bug_code(error))


def bug_code(error: BaseException) -> str:
    """The same for two errors with the same stack, whatever the record."""
    frames = traceback.extract_tb(error.__traceback__)
    place = "|".join(f"{frame.filename}:{frame.name}:{frame.lineno}" for frame in frames)
    digest = hashlib.sha256(f"{type(error).__name__}|{place}".encode()).hexdigest()
    return f"bug:{digest[:12]}"
