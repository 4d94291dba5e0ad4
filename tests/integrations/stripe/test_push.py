"""A won deal at Stripe: one customer, one subscription, whatever happens on the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import stripe

from crm.models import (
    Account,
    Contact,
    Deal,
    Product,
    Subscription,
    Workspace,
)
from crm.services.accounts import account_create
from crm.services.deals import deal_create, deal_move, line_item_add
from integrations.hub.connections import (
    connection_create,
    connection_pause,
    connection_resume,
)
from integrations.hub.models import Connection, JobState
from tests.factories import TEST_ORIGIN
from tests.integrations.stripe.selling import (
    product_make,
    the_intent,
    the_job,
    win,
    work,
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
    assert kept.source == "stripe"


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
        credentials={"api_key": "sk_test_another_account"},
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
