"""What a billing system reports, in one shape; made by providers, taken by crm.services.billing.

`source` names the connection, `external_id` the document there. Money is Decimal in whole units
(not cents) of `currency`, an upper-case ISO code; times are aware.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class InvoiceFact:
    """The state of an invoice when something happened to it, at `occurred_at`."""

    source: str
    external_id: str
    account_id: int | None
    number: str
    currency: str
    total: Decimal
    amount_paid: Decimal
    amount_due: Decimal
    tax_total: Decimal
    line_total: Decimal
    status: str
    issued_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    url: str
    subscription_external_id: str
    attempt_count: int
    occurred_at: datetime

    @property
    def label(self) -> str:
        return f"invoice {self.number or self.external_id}"

    @property
    def key(self) -> str:
        """What alerts and tasks about this invoice are known by."""
        return f"invoice:{self.source}:{self.external_id}"


@dataclass(frozen=True)
class SubscriptionFact:
    """The state of a subscription as of `source_updated_at`; `mrr` is a month's worth."""

    source: str
    external_id: str
    account_id: int | None
    deal_id: int | None
    status: str
    mrr: Decimal
    currency: str
    started_at: datetime | None
    current_period_start: datetime | None
    current_period_end: datetime | None
    cancel_at_period_end: bool
    ended_at: datetime | None
    source_updated_at: datetime
