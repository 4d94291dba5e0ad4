"""A won deal at Stripe: one customer, one subscription, whatever happens on the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import stripe

from crm.models import (
    Account,
    Activity,
    Alert,
    Contact,
    Deal,
    Product,
    Subscription,
    User,
    Workspace,
)
from crm.services.accounts import account_create
from crm.services.contacts import contact_update
from crm.services.deals import deal_create, deal_move, deal_update, line_item_add
from integrations.hub.connections import (
    connection_create,
    connection_pause,
    connection_resume,
)
from integrations.hub.jobs.replay import job_replay
from integrations.hub.models import Connection, JobState
from tests.factories import TEST_ORIGIN
from tests.integrations.stripe.selling import (
    product_make,
    the_intent,
    the_job,
    win,
    work,
    work_through_gates,
)
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_won_deal_becomes_customer_and_subscription(
    connection: Connection, deal: Deal, sandbox: RunningSandbox, sdk: stripe.StripeClient
) -> None:
    win(deal)
    work()

    customer = sdk.v1.customers.list().data[0]
    subscription = sdk.v1.subscriptions.list().data[0]
    item = subscription.items.data[0]
    assert (customer.name, customer.email) == ("Ada Ltd", "ada@example.test")
    assert subscription.customer == customer.id
    assert (item.quantity, item.price.unit_amount, item.price.currency) == (3, 4900, "aud")
    assert subscription.collection_method == "send_invoice"
    assert subscription.metadata["nexa_deal"] == str(deal.pk)
    assert len(sandbox.rows("stripe", "customers")) == 1
    assert len(sandbox.rows("stripe", "subscriptions")) == 1
    assert the_job().state == JobState.DONE


def test_account_shows_the_subscription_at_once(
    connection: Connection, deal: Deal, account: Account
) -> None:
    win(deal)
    work()

    account.refresh_from_db()
    kept = Subscription.objects.get()
    assert account.subscription_status == "active"
    assert (account.mrr, account.arr) == (Decimal("147"), Decimal("1764"))
    assert account.next_billing_at == kept.current_period_end
    assert kept.deal == deal
    assert kept.source == f"stripe:{connection.pk}"


def test_deal_without_recurring_line_items_is_not_billed(
    connection: Connection, workspace: Workspace, account: Account, sandbox: RunningSandbox
) -> None:
    deal = deal_create(
        workspace=workspace, values={"name": "Once", "account": account}, origin=TEST_ORIGIN
    )
    once = product_make(workspace, name="Set-up", price="10", interval="one_time")
    free = product_make(workspace, name="Free plan", price="0", interval="month")
    line_item_add(deal, product=once, origin=TEST_ORIGIN)
    line_item_add(deal, product=free, origin=TEST_ORIGIN)

    win(deal)
    work()

    assert sandbox.rows("stripe", "customers") == []


def test_deal_is_billed_once_in_its_life(
    connection: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:
    win(deal)
    work()
    first = deal.pipeline.stages.filter(is_won=False, is_lost=False).first()
    assert first is not None
    deal_move(deal, first, origin=TEST_ORIGIN)
    win(deal)
    work()

    assert len(sandbox.rows("stripe", "subscriptions")) == 1


def test_second_deal_of_an_account_uses_its_customer_and_price(
    connection: Connection,
    deal: Deal,
    workspace: Workspace,
    account: Account,
    contact: Contact,
    gold: Product,
    sandbox: RunningSandbox,
) -> None:
    second = deal_create(
        workspace=workspace,
        values={"name": "More", "account": account, "primary_contact": contact, "currency": "AUD"},
        origin=TEST_ORIGIN,
    )
    line_item_add(second, product=gold, origin=TEST_ORIGIN)
    win(deal)
    win(second)
    work()

    assert len(sandbox.rows("stripe", "customers")) == 1
    assert len(sandbox.rows("stripe", "prices")) == 1
    assert len(sandbox.rows("stripe", "subscriptions")) == 2
    account.refresh_from_db()
    assert account.mrr == Decimal("196")


def test_each_interval_is_a_subscription_and_extras_go_onto_the_first(
    connection: Connection,
    deal: Deal,
    workspace: Workspace,
    account: Account,
    sdk: stripe.StripeClient,
) -> None:
    yearly = product_make(workspace, name="Domain", price="120", interval="year")
    setup = product_make(workspace, name="Set-up", price="250", interval="one_time")
    line_item_add(deal, product=yearly, origin=TEST_ORIGIN)
    line_item_add(deal, product=setup, origin=TEST_ORIGIN)

    win(deal)
    work()

    totals = sorted(invoice.total for invoice in sdk.v1.invoices.list().data)
    account.refresh_from_db()
    assert totals == [12000, 14700 + 25000]
    assert account.mrr == Decimal("157")


def test_price_agreed_in_the_deal_counts(
    connection: Connection, deal: Deal, sdk: stripe.StripeClient
) -> None:
    product = product_make(deal.workspace, name="Seat", price="10", interval="month")
    line_item_add(deal, product=product, unit_price=Decimal("8.005"), origin=TEST_ORIGIN)

    win(deal)
    work()

    amounts = {str(price.unit_amount_decimal) for price in sdk.v1.prices.list().data}
    assert amounts == {"4900", "800.5"}


def test_card_collection_starts_incomplete_and_counts_nothing(
    workspace: Workspace,
    deal: Deal,
    account: Account,
    sandbox: RunningSandbox,
    settings: Any,
) -> None:
    settings.NEXA_SANDBOX_URL = sandbox.url
    connection_create(
        workspace=workspace,
        provider_id="stripe",
        name="By card",
        credentials={"api_key": "rk_test_nexa_tests"},
        settings={"collection": "charge_automatically"},
        actor=None,
    )

    win(deal)
    work()

    account.refresh_from_db()
    assert account.subscription_status == "incomplete"
    assert account.mrr == 0


# --- Trouble on the way -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["customers", "products", "prices", "subscriptions"])
@pytest.mark.parametrize("kind", ["lost_reply", "server_error", "key_in_use", "dropped"])
def test_step_that_failed_is_repeated_without_a_second_one(
    connection: Connection, deal: Deal, sandbox: RunningSandbox, path: str, kind: str
) -> None:
    sandbox.misbehave("stripe", kind, method="POST", path=f"/v1/{path}")

    win(deal)
    work()

    assert the_job().state == JobState.DONE
    for collection in ("customers", "products", "prices", "subscriptions"):
        assert len(sandbox.rows("stripe", collection)) == 1


@pytest.mark.parametrize("value", ["done", ""])
@pytest.mark.parametrize("path", ["customers", "subscriptions"])
def test_failure_kept_for_the_key_is_overcome(
    connection: Connection, deal: Deal, sandbox: RunningSandbox, path: str, value: str
) -> None:
    sandbox.misbehave("stripe", "server_error_kept", method="POST", path=f"/v1/{path}", value=value)

    win(deal)
    work(30)

    assert the_job().state == JobState.DONE
    assert len(sandbox.rows("stripe", "customers")) == 1
    assert len(sandbox.rows("stripe", "subscriptions")) == 1


def test_retry_after_the_keys_are_forgotten_finds_what_is_there(
    connection: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:
    """The reply was lost, then Stripe forgot the keys, as it does after a day."""
    sandbox.misbehave("stripe", "lost_reply", method="POST", path="/v1/subscriptions")
    sandbox.misbehave("stripe", "rate_limited", method="GET", path="/v1/subscriptions", value="x")
    win(deal)
    work(2)
    sandbox.act("stripe", "forget_idempotency_keys")

    work_through_gates()

    assert the_job().state == JobState.DONE
    assert len(sandbox.rows("stripe", "subscriptions")) == 1


def test_rate_limit_waits_and_costs_no_attempt(
    connection: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("stripe", "rate_limited", method="POST", value="global-rate")

    win(deal)
    work_through_gates()

    job = the_job()
    assert job.state == JobState.DONE
    assert job.attempt_rows.filter(is_counted=True).count() == 1


def test_customer_deleted_at_stripe_is_made_anew(
    connection: Connection,
    deal: Deal,
    workspace: Workspace,
    account: Account,
    contact: Contact,
    gold: Product,
    sdk: stripe.StripeClient,
) -> None:
    win(deal)
    work()
    sdk.v1.customers.delete(sdk.v1.customers.list().data[0].id)
    second = deal_create(
        workspace=workspace,
        values={"name": "Again", "account": account, "primary_contact": contact},
        origin=TEST_ORIGIN,
    )
    line_item_add(second, product=gold, origin=TEST_ORIGIN)

    win(second)
    work(20)

    assert [job.state for job in connection.jobs.all()] == ["done", "done"]
    assert len(sdk.v1.customers.list().data) == 1


def test_price_switched_off_at_stripe_is_told(
    connection: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("stripe", "card_declined", method="POST", path="/v1/subscriptions")

    win(deal)
    work()

    job = the_job()
    assert (job.state, job.reason) == (JobState.DEAD, "invalid")
    assert "declined" in job.last_error
    assert "declined" in Alert.objects.get(kind="billing_refused").message


# --- What a person must mend --------------------------------------------------------------------


def test_deal_without_account_is_refused_in_words_and_billed_after_mending(
    connection: Connection, deal: Deal, account: Account, sandbox: RunningSandbox, admin: User
) -> None:
    deal = deal_update(deal, values={"account": None}, origin=TEST_ORIGIN)
    win(deal)
    work()
    refused = the_job()
    assert refused.state == JobState.DEAD
    assert "no account" in refused.last_error
    assert Alert.objects.get(kind="billing_refused", status="open").subject_key == f"deal:{deal.pk}"
    assert Activity.objects.filter(deal=deal, subject__contains="could not be created").exists()
    assert sandbox.rows("stripe", "customers") == []

    deal_update(deal, values={"account": account}, origin=TEST_ORIGIN)
    job_replay(refused, actor=admin)
    work()

    assert the_job().state == JobState.DONE
    assert Alert.objects.get(kind="billing_refused").status == "resolved"
    assert len(sandbox.rows("stripe", "subscriptions")) == 1


def test_deal_without_email_is_refused_in_words_and_billed_after_mending(
    connection: Connection, deal: Deal, contact: Contact, sandbox: RunningSandbox, admin: User
) -> None:
    contact_update(contact, values={"email": ""}, origin=TEST_ORIGIN)
    deal.refresh_from_db()
    win(deal)
    work()
    refused = the_job()
    assert "e-mail" in refused.last_error

    contact_update(contact, values={"email": "late@example.test"}, origin=TEST_ORIGIN)
    job_replay(refused, actor=admin)
    work()

    assert [row["email"] for row in sandbox.rows("stripe", "customers")] == ["late@example.test"]


def test_amount_stripe_cannot_bill_is_refused(
    connection: Connection, workspace: Workspace, account: Account, contact: Contact
) -> None:
    product = product_make(workspace, name="Odd", price="1.2345", interval="month", currency="KWD")
    deal = deal_create(
        workspace=workspace,
        values={"name": "Odd", "account": account, "currency": "KWD"},
        origin=TEST_ORIGIN,
    )
    line_item_add(deal, product=product, origin=TEST_ORIGIN)

    win(deal)
    work()

    assert "steps of 0.010" in the_job().last_error


def test_paused_connection_keeps_the_command_until_it_is_resumed(
    connection: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:

    connection_pause(connection, actor=None)
    win(deal)
    work(2)
    assert sandbox.rows("stripe", "customers") == []

    connection_resume(connection, actor=None)
    work()

    assert len(sandbox.rows("stripe", "subscriptions")) == 1


def test_deal_is_billed_on_one_connection_only(
    connection: Connection, deal: Deal, workspace: Workspace, sandbox: RunningSandbox
) -> None:
    connection_create(
        workspace=workspace,
        provider_id="stripe",
        name="Another",
        credentials={"api_key": "sk_test_another"},
        settings={},
        actor=None,
    )

    win(deal)
    work()

    assert the_intent().connection == connection
    assert len(sandbox.rows("stripe", "subscriptions")) == 1


def test_connection_that_shall_not_bill_does_not(
    workspace: Workspace, deal: Deal, sandbox: RunningSandbox, settings: Any
) -> None:
    settings.NEXA_SANDBOX_URL = sandbox.url
    connection_create(
        workspace=workspace,
        provider_id="stripe",
        name="Looks only",
        credentials={"api_key": "sk_test_nexa_tests"},
        settings={"bills_won_deals": False},
        actor=None,
    )

    win(deal)
    work(2)

    assert sandbox.rows("stripe", "customers") == []


def test_deal_of_another_workspace_is_billed_nowhere_here(
    connection: Connection, outsider: object, sandbox: RunningSandbox
) -> None:
    other = Workspace.objects.exclude(pk=connection.workspace_id).get()
    account = account_create(workspace=other, values={"name": "Other"}, origin=TEST_ORIGIN)
    deal = deal_create(
        workspace=other, values={"name": "Other", "account": account}, origin=TEST_ORIGIN
    )
    product = product_make(other, name="P", price="5", interval="month")
    line_item_add(deal, product=product, origin=TEST_ORIGIN)

    win(deal)
    work(2)

    assert sandbox.rows("stripe", "customers") == []
