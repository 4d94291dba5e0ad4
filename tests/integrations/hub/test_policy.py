"""The error table, as pure decisions."""

from __future__ import annotations

import pytest
import requests
from django.db import DataError, OperationalError

from crm.services.errors import InvalidRecord
from integrations.hub.classification import Bug, classified
from integrations.hub.errors import (
    AuthExpired,
    Conflict,
    Forbidden,
    HubError,
    LeaseLost,
    LookAgain,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    StorageRefused,
    StorageTrouble,
)
from integrations.hub.policy import Action, Extent, Signal, step_after


class SdkError(Exception):
    """As an SDK raises it from what the session raised."""


def wrapped(error: Exception) -> SdkError:
    try:
        raise SdkError from error
    except SdkError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Rejected("x"), Rejected),
        (wrapped(LeaseLost("x")), LeaseLost),
        (wrapped(RateLimited("x")), RateLimited),
        (requests.ConnectTimeout(), RetryLater),
        (requests.ReadTimeout(), OutcomeUnknown),
        (requests.ConnectionError(), OutcomeUnknown),
        (wrapped(requests.ReadTimeout()), OutcomeUnknown),
        (InvalidRecord({"name": ["Needed."]}), Rejected),
        (OperationalError("gone"), StorageTrouble),
        (DataError("too long"), StorageRefused),
        (ZeroDivisionError(), Bug),
    ],
)
def test_every_exception_has_a_class(error: Exception, expected: type[HubError]) -> None:
    assert type(classified(error)) is expected


def test_provider_may_translate_its_sdk() -> None:
    known = classified(SdkError(), lambda error: AuthExpired("from the SDK"))

    assert isinstance(known, AuthExpired)


def handles_then_fails() -> None:
    try:
        raise NotFound("gone")
    except NotFound:
        _ = {}["bug"]


def test_error_that_was_handled_does_not_colour_a_later_bug() -> None:
    with pytest.raises(KeyError) as failed:
        handles_then_fails()

    assert isinstance(classified(failed.value), Bug)


@pytest.mark.parametrize(
    ("error", "action", "signal", "is_counted"),
    [
        (RetryLater(), Action.AGAIN, Signal.FAILURE, True),
        (LookAgain(after=61), Action.AGAIN, Signal.NONE, False),
        (Conflict(), Action.AGAIN, Signal.NONE, True),
        (StorageTrouble(), Action.AGAIN, Signal.NONE, False),
        (StorageRefused(), Action.AGAIN, Signal.NONE, True),
        (RateLimited(after=5), Action.AGAIN, Signal.RATE, False),
        (RateLimited(after=5, is_local=True), Action.AGAIN, Signal.NONE, False),
        (AuthExpired(), Action.AGAIN, Signal.AUTH, False),
        (NotFound(), Action.DEAD, Signal.SUCCESS, True),
        (Forbidden(), Action.DEAD, Signal.FORBIDDEN, True),
        (LeaseLost(), Action.LEAVE, Signal.NONE, False),
    ],
)
def test_each_error_has_its_step(
    error: HubError, action: Action, signal: Signal, is_counted: bool
) -> None:
    step = step_after(error, attempts=0)

    assert (step.action, step.signal, step.is_counted) == (action, signal, is_counted)


def test_plain_push_waits_for_a_late_landing() -> None:
    assert step_after(OutcomeUnknown(), attempts=0, waits_for_late_landing=True).seconds >= 30
    assert step_after(OutcomeUnknown(), attempts=0).seconds < 2


def test_vendor_may_ask_for_a_longer_wait() -> None:
    assert step_after(RetryLater(after_seconds=90), attempts=0).seconds == 90


def test_wait_for_the_rate_is_bounded() -> None:
    assert step_after(RateLimited(after=10**6), attempts=0).seconds == 3600
    assert step_after(RateLimited(), attempts=0).seconds == 60


def test_batch_forbidden_by_one_answer_is_tried_again_and_counted_from_the_second_time() -> None:
    first = step_after(Forbidden(), attempts=0, extent=Extent.TOGETHER)
    second = step_after(Forbidden(), attempts=0, extent=Extent.TOGETHER, is_repeated=True)
    last = step_after(Forbidden(), attempts=5, extent=Extent.TOGETHER, is_repeated=True)

    assert (first.action, first.signal, first.is_counted) == (
        Action.AGAIN,
        Signal.PERMISSION,
        False,
    )
    assert (second.action, second.signal, second.is_counted) == (
        Action.AGAIN,
        Signal.OFF_LIMITS,
        True,
    )
    assert (last.action, last.reason, last.is_refusal) == (Action.DEAD, "forbidden", True)


def test_batch_forbidden_one_by_one_ends_and_tells_of_the_permission() -> None:
    step = step_after(Forbidden(), attempts=0, extent=Extent.EACH)

    assert (step.action, step.signal, step.is_refusal) == (Action.DEAD, Signal.PERMISSION, True)
