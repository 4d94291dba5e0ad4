"""Billing documents as the payment and accounting systems reported them."""

from __future__ import annotations

from django.contrib import admin

from crm.console import ReadOnlyAdmin
from crm.models import Invoice, Payment, Refund, Subscription


class BillingAdmin(ReadOnlyAdmin):
    """A billing system owns these rows; they are corrected there."""

    search_fields: tuple[str, ...] = ("=external_id", "account__name")
    list_select_related = ("workspace", "account")


@admin.register(Subscription)
class SubscriptionAdmin(BillingAdmin):
    list_display = (
        *("external_id", "workspace", "account", "status", "mrr", "currency"),
        "current_period_end",
    )
    list_filter = ("workspace", "status", "source")


@admin.register(Invoice)
class InvoiceAdmin(BillingAdmin):
    list_display = (
        *("number", "external_id", "workspace", "account", "status", "total", "currency"),
        "issued_at",
    )
    list_filter = ("workspace", "status", "kind", "source")
    search_fields = ("=number", *BillingAdmin.search_fields)


@admin.register(Payment)
class PaymentAdmin(BillingAdmin):
    list_display = ("occurred_at", "workspace", "account", "amount", "currency", "state")
    list_filter = ("workspace", "state", "source")


@admin.register(Refund)
class RefundAdmin(BillingAdmin):
    list_display = ("occurred_at", "workspace", "account", "amount", "currency", "state")
    list_filter = ("workspace", "state", "source")
