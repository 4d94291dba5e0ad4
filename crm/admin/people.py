"""Accounts, contacts and leads."""

from __future__ import annotations

from django.contrib import admin

from crm.admin.record import KEPT_BY_SERVICES, OwnedRecordAdmin
from crm.console import ReadOnlyInline, moment_column, shortened
from crm.models import Account, ConsentEntry, Contact, Lead

MOVED_BY_RULES = (
    "health_score",
    "churn_risk",
    "support_intensity",
    "payment_status",
    "subscription_status",
    "mrr",
    "arr",
    "currency",
    "last_payment_at",
    "next_billing_at",
)


@admin.register(Account)
class AccountAdmin(OwnedRecordAdmin):
    """Companies; health and billing are moved by rules only."""

    updated = staticmethod(moment_column("updated_at", "Updated"))
    list_display = ("name", "workspace", "domain", "owner", "subscription_status", "mrr", "updated")
    list_filter = ("workspace", "payment_status", "churn_risk", "subscription_status")
    search_fields = ("name", "domain")
    list_select_related = ("workspace", "owner")
    readonly_fields = (*KEPT_BY_SERVICES, "archived_at", "phone_raw", *MOVED_BY_RULES)
    autocomplete_fields = ("workspace", "owner", "csm")


class ConsentInline(ReadOnlyInline):
    model = ConsentEntry
    fields = ("opted_in", "source", "detail", "occurred_at")


@admin.register(Contact)
class ContactAdmin(OwnedRecordAdmin):
    """People at companies, with their consent log."""

    updated = staticmethod(moment_column("updated_at", "Updated"))
    list_display = ("named", "address", "workspace", "account", "owner", "updated")
    list_filter = ("workspace", "lifecycle", "score_tier", "email_opt_in")
    search_fields = ("first_name", "last_name", "email")
    list_select_related = ("workspace", "account", "owner")
    readonly_fields = (
        *(*KEPT_BY_SERVICES, "archived_at", "phone_raw", "mobile_raw"),
        *("engagement_score", "last_contacted_at", "email_opt_in"),
    )
    autocomplete_fields = ("workspace", "account", "owner")
    inlines = (ConsentInline,)

    @admin.display(description="Name", ordering="last_name")
    def named(self, contact: Contact) -> str:
        return shortened(str(contact), 40)

    @admin.display(description="E-mail", ordering="email")
    def address(self, contact: Contact) -> str:
        return shortened(contact.email, 34) or "—"


@admin.register(Lead)
class LeadAdmin(OwnedRecordAdmin):
    """People interested, not yet converted."""

    list_display = ("__str__", "email", "workspace", "company", "status", "score", "owner")
    list_filter = ("workspace", "status", "score_tier", "source")
    search_fields = ("first_name", "last_name", "email", "company")
    list_select_related = ("workspace", "owner")
    readonly_fields = (
        *(*KEPT_BY_SERVICES, "archived_at", "phone_raw", "status", "lost_reason", "score"),
        *("last_contacted_at", "converted_contact", "converted_account", "converted_deal"),
    )
    autocomplete_fields = ("workspace", "owner", "property")
