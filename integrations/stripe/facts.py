"""Stripe's events as facts in the CRM: fetch what is missing, then write through crm.services."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from crm.models import Account, Deal
from crm.services.billing import (
    invoice_failed,
    invoice_paid,
    invoice_record,
    subscription_record,
)
from integrations.hub.errors import Forbidden, Ignored, NotFound
from integrations.hub.facts import connection_origin
from integrations.hub.links import Links
from integrations.hub.models import Connection
from integrations.hub.provider import Fact
from integrations.hub.types import Event
from integrations.stripe import webhooks
from integrations.stripe.client import Client
from integrations.stripe.translate import id_of, invoice_fact, subscription_fact

CUSTOMER = "customer"
# What fetching adds to an event, beside Stripe's own payload.
SEEN_AT = "nexa_seen_at"
FAILURE = "nexa_failure"


# --- Before the transaction: calls to Stripe ----------------------------------------------------


def customer_known(connection: Connection, event: Event) -> Event:
    """Link the customer by its own note of our account, where no link is kept yet."""
    customer = id_of(_object(event).get("customer"))
    if customer and Links(connection).find(CUSTOMER, customer) is None:
        _link_by_note(connection, customer)
    return event


def failure_fetched(connection: Connection, event: Event) -> Event:
    """The event does not say why the payment failed; the payment does."""
    customer_known(connection, event)
    try:
        words = Client(connection).invoice_failure(id_of(_object(event)))
    except (Forbidden, NotFound):
        words = ""
    return replace(event, payload={**event.payload, FAILURE: words})


def subscription_fetched(connection: Connection, event: Event) -> Event:
    """Events come in any order, so the present state counts and not the one in the event."""
    customer_known(connection, event)
    seen_at = timezone.now()
    try:
        present = Client(connection).subscription(id_of(_object(event)))
    except NotFound:
        return event
    payload = {**event.payload, "data": {"object": present}, SEEN_AT: seen_at.isoformat()}
    return replace(event, payload=payload)


def _link_by_note(connection: Connection, customer: str) -> None:
    try:
        note = Client(connection).customer(customer).get("metadata") or {}
    except NotFound:
        return
    number = note.get("nexa_account", "")
    if note.get("nexa_workspace") != connection.workspace.slug or not number.isdecimal():
        return
    links = Links(connection)
    account = Account.objects.filter(workspace=connection.workspace, pk=int(number)).first()
    if account is not None and links.get(CUSTOMER, account) is None:
        links.put(CUSTOMER, account, customer)


# --- In the transaction: services only ----------------------------------------------------------


def invoice_paid_apply(connection: Connection, event: Event) -> None:
    invoice = _object(event)
    fact = invoice_fact(
        invoice,
        account_id=_account_id(connection, invoice),
        occurred_at=_occurred_at(event),
    )
    invoice_paid(connection.workspace, fact, _origin(connection, event))


def invoice_document_apply(connection: Connection, event: Event) -> None:
    """An invoice that was sent out, or taken back: the document, and no money."""
    invoice = _object(event)
    fact = invoice_fact(
        invoice,
        account_id=_account_id(connection, invoice),
        occurred_at=_occurred_at(event),
    )
    invoice_record(connection.workspace, fact, _origin(connection, event))


def invoice_failed_apply(connection: Connection, event: Event) -> None:
    invoice = _object(event)
    fact = invoice_fact(
        invoice,
        account_id=_account_id(connection, invoice),
        occurred_at=_occurred_at(event),
    )
    words = event.payload.get(FAILURE) or "The payment failed."
    invoice_failed(connection.workspace, fact, words, _origin(connection, event))


def subscription_apply(connection: Connection, event: Event) -> None:
    subscription = _object(event)
    seen = event.payload.get(SEEN_AT)
    fact = subscription_fact(
        subscription,
        account_id=_account_id(connection, subscription),
        deal_id=_deal_id(connection, subscription),
        seen_at=datetime.fromisoformat(seen) if seen else _occurred_at(event),
    )
    subscription_record(connection.workspace, fact, _origin(connection, event))


def _account_id(connection: Connection, document: dict[str, Any]) -> int:
    """Raises Ignored for a customer that is none of ours."""
    customer = id_of(document.get("customer"))
    account_id = Links(connection).find(CUSTOMER, customer) if customer else None
    if account_id is None:
        raise Ignored(f"customer {customer or '(none)'} is linked to no account here")
    if not Account.objects.filter(workspace=connection.workspace, pk=account_id).exists():
        raise Ignored(f"the account of customer {customer} is gone")
    return account_id


def _deal_id(connection: Connection, subscription: dict[str, Any]) -> int | None:
    """The deal that the subscription's own note names, when it is of this workspace."""
    note = subscription.get("metadata") or {}
    number = note.get("nexa_deal", "")
    if note.get("nexa_workspace") != connection.workspace.slug or not number.isdecimal():
        return None
    found = Deal.objects.filter(workspace=connection.workspace, pk=int(number))
    return int(number) if found.exists() else None


def _object(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = event.payload["data"]["object"]
    return found


def _occurred_at(event: Event) -> datetime:
    return event.occurred_at or datetime.now(UTC)


def _origin(connection: Connection, event: Event) -> Any:
    return connection_origin(connection, f"{event.kind} {id_of(_object(event))}")


FACTS = {
    webhooks.PAID: Fact(invoice_paid_apply, customer_known),
    webhooks.PAYMENT_SUCCEEDED: Fact(invoice_paid_apply, customer_known),
    webhooks.PAYMENT_FAILED: Fact(invoice_failed_apply, failure_fetched),
    **{kind: Fact(invoice_document_apply, customer_known) for kind in webhooks.DOCUMENT_EVENTS},
    **{
        kind: Fact(subscription_apply, subscription_fetched)
        for kind in webhooks.SUBSCRIPTION_EVENTS
    },
}
