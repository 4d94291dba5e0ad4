"""How an account's health and payment status follow from what happened: pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crm.choices import PaymentState, PaymentStatus

LOWEST, HIGHEST = 0, 100


@dataclass(frozen=True)
class MoneyEvent:
    """A payment that came or failed; `is_settled` when its invoice was paid after all."""

    state: str
    occurred_at: datetime
    is_settled: bool


def health_after(score: int, points: int) -> int:
    """The score moved by points, kept within 0 to 100."""
    return max(LOWEST, min(HIGHEST, score + points))


def payment_status(events: Iterable[MoneyEvent]) -> str:
    """Current when the newest event is a payment, overdue when it is an unsettled failure.

    The order in which the events became known does not matter. Vendors tell whole seconds: of two
    in one, the failure counts, since its invoice is still owed.
    """
    counted = [
        (event.occurred_at, event.state == PaymentState.FAILED)
        for event in events
        if event.state == PaymentState.SUCCEEDED
        or (event.state == PaymentState.FAILED and not event.is_settled)
    ]
    if not counted:
        return PaymentStatus.NONE
    return PaymentStatus.OVERDUE if max(counted)[1] else PaymentStatus.CURRENT
