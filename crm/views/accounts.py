"""Companies: their rows, filters and page with health and billing."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Lower

from crm.choices import Level, PaymentStatus, SubscriptionStatus
from crm.forms.accounts import AccountForm
from crm.models import Account, Alert, Invoice, Payment, Subscription, Workspace
from crm.selectors.accounts import accounts_of
from crm.selectors.alerts import alerts_unresolved
from crm.selectors.ledger import moves_of
from crm.selectors.search import accounts_search
from crm.views.doors import WorkspaceRequest
from crm.views.history import who_of
from crm.views.kinds import RecordKind
from crm.views.listing import Listing, choice_filter, person_filter
from crm.views.related import deals_of, few, open_tasks, people_of
from crm.views.timeline import Tab, timeline_context

BILLING = Tab("billing", "Billing")
HEALTH_MOVES = 5
DOCUMENTS = 20


def account_page(request: WorkspaceRequest, account: Account) -> dict[str, Any]:
    timeline = timeline_context(request, account, extra_tabs=(BILLING,))
    is_billing = timeline["tab"] == BILLING
    return {
        **timeline,
        **open_tasks(account),
        **deals_of(account, "account"),
        **people_of(account),
        "alerts": open_alerts(request.workspace, account),
        "subscription_label": subscription_label(account.subscription_status),
        "payments_hint": payments_hint(account),
        "is_billing": is_billing,
        # The billing view gives the place of the health card to its documents.
        **(billing_documents(account) if is_billing else {"health_moves": health_moves(account)}),
    }


def payments_hint(account: Account) -> str:
    if account.payment_status == PaymentStatus.NONE:
        return "No payments yet"
    return f"Payments: {account.get_payment_status_display().lower()}"


def health_moves(account: Account) -> list[dict[str, Any]]:
    """The last writes that moved the health score, with their reason."""
    return [
        {
            "old": change.diff["health_score"][0],
            "new": change.diff["health_score"][1],
            "reason": change.reason or change.get_action_display(),
            "who": who_of(change),
            "at": change.at,
        }
        for change in moves_of(account, "health_score")[:HEALTH_MOVES]
    ]


def open_alerts(workspace: Workspace, account: Account) -> list[Alert]:
    return few(alerts_unresolved(workspace).filter(account=account))[0]


def billing_documents(account: Account) -> dict[str, Any]:
    """Subscriptions, and the newest invoices and payments."""
    subscriptions = Subscription.objects.filter(account=account)
    invoices = Invoice.objects.filter(account=account)
    payments = Payment.objects.filter(account=account).select_related("invoice")
    return {
        "subscriptions": [
            (row, subscription_label(row.status))
            for row in subscriptions.order_by("-started_at", "-id")[:DOCUMENTS]
        ],
        "invoices": invoices.order_by("-issued_at", "-id")[:DOCUMENTS],
        "payments": payments.order_by("-occurred_at", "-id")[:DOCUMENTS],
        "documents_shown": DOCUMENTS,
    }


def subscription_label(status: str) -> str:
    """Our word for a known state; a vendor's new word is shown as it came."""
    known: dict[str, str] = dict(SubscriptionStatus.choices)
    return str(known.get(status, status.replace("_", " ").capitalize()))


ACCOUNTS = RecordKind(
    model=Account,
    name="account",
    segment="accounts",
    noun="company",
    plural="companies",
    icon="building-2",
    records=accounts_of,
    listing=Listing(
        search=accounts_search,
        sorts={
            "name": (Lower("name"),),
            "health_score": ("health_score",),
            "mrr": ("mrr",),
            "updated_at": ("updated_at",),
        },
        filters=(
            choice_filter("payment_status", "Payments", PaymentStatus.choices),
            choice_filter("churn_risk", "Churn risk", Level.choices),
            person_filter(),
            person_filter("csm", "Success manager"),
        ),
    ),
    form=AccountForm,
    page=account_page,
    empty_text="Import companies with their contacts, or write down the first one by hand.",
    archive_effect="Its contacts and deals stay, and go on naming it.",
    has_import=True,
)
