"""Billing in one shape for every payment and accounting system.

`source` names the system that holds the document (a connection), `external_id` its id there.
"""

from __future__ import annotations

from django.db import models

from crm.choices import InvoiceKind, InvoiceStatus, PaymentState
from crm.models.accounts import Account
from crm.models.deals import Deal
from crm.models.record import Record


class BillingDocument(Record):
    """A document of a billing system, once per source and external id."""

    source = models.CharField(max_length=100)
    external_id = models.CharField(max_length=255)
    account = models.ForeignKey(Account, models.SET_NULL, null=True, blank=True)
    currency = models.CharField(max_length=3)

    class Meta:
        abstract = True


class Subscription(BillingDocument):
    """A recurring sale; `status` keeps the vendor's word (see SubscriptionStatus)."""

    deal = models.ForeignKey(
        Deal, models.SET_NULL, null=True, blank=True, related_name="subscriptions"
    )
    status = models.CharField(max_length=30)
    mrr = models.DecimalField("MRR", max_digits=19, decimal_places=4, default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    source_updated_at = models.DateTimeField(
        null=True, blank=True, help_text="Time of the newest state seen; older states are ignored."
    )

    class Meta:
        default_related_name = "subscriptions"
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "source", "external_id"), name="subscription_once"
            ),
        )
        indexes = (models.Index(fields=("account", "status"), name="subscription_account"),)

    def __str__(self) -> str:
        return f"{self.external_id} ({self.status})"


class Invoice(BillingDocument):
    """An invoice or bill with its totals."""

    deal = models.ForeignKey(Deal, models.SET_NULL, null=True, blank=True, related_name="invoices")
    subscription = models.ForeignKey(Subscription, models.SET_NULL, null=True, blank=True)
    kind = models.CharField(max_length=10, choices=InvoiceKind, default=InvoiceKind.SALES)
    number = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=15, choices=InvoiceStatus, default=InvoiceStatus.OPEN)
    line_total = models.DecimalField(max_digits=19, decimal_places=4, default=0)
    tax_total = models.DecimalField(max_digits=19, decimal_places=4, default=0)
    total = models.DecimalField(max_digits=19, decimal_places=4, default=0)
    amount_paid = models.DecimalField(max_digits=19, decimal_places=4, default=0)
    amount_due = models.DecimalField(max_digits=19, decimal_places=4, default=0)
    subscription_external_id = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="Kept because an invoice often comes before the subscription it is for.",
    )
    failed_attempts = models.PositiveIntegerField(default=0)
    issued_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    url = models.URLField("URL", max_length=1000, blank=True)
    source_updated_at = models.DateTimeField(
        null=True, blank=True, help_text="Time of the newest state seen; older states are ignored."
    )
    lines = models.JSONField(default=list, blank=True)

    class Meta:
        default_related_name = "invoices"
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "source", "external_id"), name="invoice_once"
            ),
        )
        indexes = (
            models.Index(fields=("workspace", "status", "due_at"), name="invoice_due"),
            models.Index(fields=("account", "-issued_at"), name="invoice_account"),
        )

    def __str__(self) -> str:
        return self.number or self.external_id


class Payment(BillingDocument):
    """Money that moved, or that failed to."""

    invoice = models.ForeignKey(Invoice, models.SET_NULL, null=True, blank=True)
    amount = models.DecimalField(max_digits=19, decimal_places=4)
    state = models.CharField(max_length=10, choices=PaymentState)
    failure_message = models.CharField(max_length=500, blank=True)
    occurred_at = models.DateTimeField()

    class Meta:
        default_related_name = "payments"
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "source", "external_id"), name="payment_once"
            ),
        )
        indexes = (models.Index(fields=("account", "-occurred_at"), name="payment_account"),)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Refund(BillingDocument):
    """Money given back, in part or in full."""

    payment = models.ForeignKey(Payment, models.SET_NULL, null=True, blank=True)
    amount = models.DecimalField(max_digits=19, decimal_places=4)
    reason = models.CharField(max_length=250, blank=True)
    state = models.CharField(max_length=10, choices=PaymentState)
    occurred_at = models.DateTimeField()

    class Meta:
        default_related_name = "refunds"
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "source", "external_id"), name="refund_once"
            ),
        )
        indexes = (models.Index(fields=("account", "-occurred_at"), name="refund_account"),)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
