"""Facts at their edges: customers nobody knows, notes on customers, a Stripe that is away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from crm.models import Account, Alert, Invoice, Subscription
from crm.services.accounts import account_archive
from integrations.hub.links import Links
from integrations.hub.models import Connection, InboxEvent
from integrations.stripe import facts
from tests.factories import TEST_ORIGIN
from tests.integrations.stripe.arriving import arrive
from tests.integrations.stripe.selling import work
from tests.sandbox import RunningSandbox

SAMPLES = Path(facts.__file__).parent / "samples"

pytestmark = pytest.mark.django_db(transaction=True)


def sample(name: str, customer: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    content["data"]["object"]["customer"] = customer
    return content


def test_customer_nobody_knows_is_ignored_in_words(
    connection: Connection, sdk: stripe.StripeClient
) -> None:
    stranger = sdk.v1.customers.create({"email": "stranger@example.test"}).id

    arrive(connection, sample("invoice.paid", stranger))
    work(5)

    event = InboxEvent.objects.get()
    assert (event.state, event.reason) == (
        "ignored",
        f"customer {stranger} is linked to no account here",
    )
    assert not Invoice.objects.exists()


def test_customer_that_notes_our_account_is_linked(
    connection: Connection, account: Account, sdk: stripe.StripeClient
) -> None:
    note = {"nexa_account": str(account.pk), "nexa_workspace": connection.workspace.slug}
    noted = sdk.v1.customers.create({"metadata": note}).id

    arrive(connection, sample("invoice.paid", noted))
    work(5)

    assert Links(connection).get("customer", account) == noted
    assert Invoice.objects.get().account == account


@pytest.mark.parametrize(
    "note",
    [
        {"nexa_account": "1", "nexa_workspace": "somewhere-else"},
        {"nexa_account": "999999999"},
        {"nexa_account": "not a number"},
    ],
)
def test_note_that_is_not_ours_is_not_believed(
    connection: Connection, sdk: stripe.StripeClient, note: dict[str, str]
) -> None:
    noted = sdk.v1.customers.create(
        {"metadata": {"nexa_workspace": connection.workspace.slug, **note}}
    ).id

    arrive(connection, sample("invoice.paid", noted))
    work(5)

    assert InboxEvent.objects.get().state == "ignored"


def test_account_of_another_workspace_is_never_linked(
    connection: Connection, account: Account, outsider: Any, sdk: stripe.StripeClient
) -> None:
    other = outsider.memberships.get().workspace
    Account.objects.filter(pk=account.pk).update(workspace=other)
    note = {"nexa_account": str(account.pk), "nexa_workspace": connection.workspace.slug}
    noted = sdk.v1.customers.create({"metadata": note}).id

    arrive(connection, sample("invoice.paid", noted))
    work(5)

    assert InboxEvent.objects.get().state == "ignored"
    assert not Invoice.objects.exists()


def test_archived_account_still_hears_of_its_money(
    connection: Connection, account: Account
) -> None:
    Links(connection).put("customer", account, "cus_1NexaSample0001")
    account_archive(account, origin=TEST_ORIGIN)

    arrive(connection, sample("invoice.paid", "cus_1NexaSample0001"))
    work(5)

    assert InboxEvent.objects.get().state == "done"


def test_invoice_paid_and_payment_succeeded_count_once(
    connection: Connection, account: Account
) -> None:
    Links(connection).put("customer", account, "cus_1NexaSample0001")

    for name in ("invoice.payment_succeeded", "invoice.paid"):
        arrive(connection, sample(name, "cus_1NexaSample0001"))
    work(5)

    account.refresh_from_db()
    assert account.health_score == 75


def test_invoice_that_was_sent_out_after_its_payment_stays_paid(
    connection: Connection, account: Account
) -> None:
    Links(connection).put("customer", account, "cus_late")

    for name in ("invoice.paid", "invoice.finalized"):
        arrive(connection, sample(name, "cus_late"))
        work(5)

    assert Invoice.objects.get().status == "paid"


def test_invoice_that_was_taken_back_ends_its_recovery(
    connection: Connection, account: Account
) -> None:
    Links(connection).put("customer", account, "cus_void")
    arrive(connection, sample("invoice.payment_failed", "cus_void"))
    work(5)
    assert Alert.objects.get().status == "open"

    arrive(connection, sample("invoice.voided", "cus_void"))
    work(5)

    assert Invoice.objects.get().status == "void"
    assert Alert.objects.get().status == "resolved"


def test_free_trial_invoice_moves_nothing(connection: Connection, account: Account) -> None:
    Links(connection).put("customer", account, "cus_1NexaSample0001")
    event = sample("invoice.payment_succeeded", "cus_1NexaSample0001")
    event["data"]["object"] |= {"amount_paid": 0, "amount_due": 0, "total": 0}

    arrive(connection, event)
    work(5)

    account.refresh_from_db()
    assert (account.health_score, account.payment_status) == (70, "none")


def test_subscription_is_believed_as_it_is_now(
    connection: Connection, account: Account, sandbox: RunningSandbox
) -> None:
    """An old "updated" arrives after the end: the present state counts."""
    Links(connection).put("customer", account, "cus_1NexaSample0001")
    ended = sample("customer.subscription.deleted", "cus_1NexaSample0001")["data"]["object"]
    sandbox.vendor("stripe").collection("subscriptions").put(ended["id"], ended)

    arrive(connection, sample("customer.subscription.updated", "cus_1NexaSample0001"))
    work(5)

    assert Subscription.objects.get().status == "canceled"


def test_subscription_gone_at_stripe_is_taken_from_the_event(
    connection: Connection, account: Account
) -> None:
    Links(connection).put("customer", account, "cus_1NexaSample0001")

    arrive(connection, sample("customer.subscription.deleted", "cus_1NexaSample0001"))
    work(5)

    assert Subscription.objects.get().status == "canceled"


def test_status_nobody_knows_yet_is_kept(
    connection: Connection, account: Account, sandbox: RunningSandbox
) -> None:
    Links(connection).put("customer", account, "cus_1NexaSample0001")
    event = sample("customer.subscription.updated", "cus_1NexaSample0001")
    event["data"]["object"]["status"] = "hibernating"
    subject = event["data"]["object"]
    sandbox.vendor("stripe").collection("subscriptions").put(subject["id"], subject)

    arrive(connection, event)
    work(5)

    assert Subscription.objects.get().status == "hibernating"


def test_stripe_in_trouble_keeps_the_event_for_later(
    connection: Connection, account: Account, sandbox: RunningSandbox
) -> None:
    Links(connection).put("customer", account, "cus_1NexaSample0001")
    sandbox.misbehave("stripe", "server_error", method="GET", times=None)

    arrive(connection, sample("customer.subscription.created", "cus_1NexaSample0001"))
    work(2)

    event = InboxEvent.objects.get()
    assert event.state == "received"
    assert not Subscription.objects.exists()
    assert "transient" in event.last_error or "error" in event.last_error


def test_failure_without_words_is_told_all_the_same(
    connection: Connection, account: Account, sandbox: RunningSandbox
) -> None:
    Links(connection).put("customer", account, "cus_1NexaSample0001")
    sandbox.misbehave(
        "stripe", "missing_permission", path="/v1/invoice_payments", value="rak_payment_intent_read"
    )

    arrive(connection, sample("invoice.payment_failed", "cus_1NexaSample0001"))
    work(5)

    account.refresh_from_db()
    assert account.payment_status == "overdue"
