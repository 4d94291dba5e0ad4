"""Every sample of an event goes the whole way: verify, keep, facts; and lands as expected."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Model

from crm.models import Account, Activity, Alert, Invoice, Subscription, Task
from integrations.hub.links import Links
from integrations.hub.models import Connection, InboxEvent
from integrations.stripe import facts
from tests.integrations.stripe.arriving import arrive
from tests.integrations.stripe.selling import work
from tests.sandbox import RunningSandbox

SAMPLES = Path(facts.__file__).parent / "samples"
NAMES = sorted(
    path.name.removesuffix(".json")
    for path in SAMPLES.glob("*.json")
    if not path.name.endswith(".expected.json")
)
CUSTOMER = "cus_1NexaSample0001"
COLLECTIONS = {"invoice": "invoices", "subscription": "subscriptions"}

pytestmark = pytest.mark.django_db(transaction=True)


def sample(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return content


def stand_at_stripe(sandbox: RunningSandbox, event: dict[str, Any]) -> None:
    """What the event is about is also there to be fetched."""
    subject = event.get("data", {}).get("object", {})
    collection = COLLECTIONS.get(subject.get("object", ""))
    if collection:
        sandbox.vendor("stripe").collection(collection).put(subject["id"], subject)


def values(record: Any, names: str) -> dict[str, Any]:
    return {name: plain(getattr(record, name)) for name in names.split()}


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


FIELDS: dict[type[Model], str] = {
    Invoice: "external_id number status currency total line_total tax_total amount_paid amount_due "
    "failed_attempts subscription_external_id issued_at due_at paid_at",
    Subscription: "external_id status mrr currency started_at current_period_start "
    "current_period_end cancel_at_period_end ended_at",
    Activity: "kind subject amount",
    Alert: "kind severity",
    Task: "title priority",
}
ACCOUNT = (
    "payment_status subscription_status health_score churn_risk mrr next_billing_at last_payment_at"
)


def landed(account: Account) -> dict[str, Any]:
    """Everything a sample may change, as its expected file has it."""
    account.refresh_from_db()
    event = InboxEvent.objects.get()
    rows = {
        str(model._meta.verbose_name_plural): [
            values(row, fields) for row in model._default_manager.order_by("pk")
        ]
        for model, fields in FIELDS.items()
    }
    return {
        "event": values(event, "event_id kind subject state reason"),
        "account": values(account, ACCOUNT),
        **rows,
    }


@pytest.mark.parametrize("name", NAMES)
def test_sample_lands_as_expected(
    connection: Connection, account: Account, sandbox: RunningSandbox, name: str
) -> None:
    event = sample(name)
    stand_at_stripe(sandbox, event)
    Links(connection).put("customer", account, CUSTOMER)

    reply = arrive(connection, event)
    work(5)

    assert reply.status_code == 200
    assert landed(account) == json.loads((SAMPLES / f"{name}.expected.json").read_text())


def test_every_fact_has_a_sample() -> None:
    assert {sample(name).get("type") for name in NAMES} >= set(facts.FACTS)


@pytest.mark.parametrize("name", sorted(set(facts.FACTS)))
def test_sample_delivered_three_times_lands_once(
    connection: Connection, account: Account, sandbox: RunningSandbox, name: str
) -> None:
    event = sample(name)
    stand_at_stripe(sandbox, event)
    Links(connection).put("customer", account, CUSTOMER)

    for _ in range(3):
        assert arrive(connection, event).status_code == 200
        work(5)

    assert landed(account) == json.loads((SAMPLES / f"{name}.expected.json").read_text())
