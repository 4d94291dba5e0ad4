"""The fake's objects through the official SDK: what is written is what is read."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox import RunningSandbox


def test_customer_lives_changes_and_is_deleted(sdk: stripe.StripeClient) -> None:
    made = sdk.v1.customers.create(
        {
            "email": "grace@example.test",
            "name": "Grace",
            "phone": "+61400000000",
            "address": {"line1": "1 Street", "country": "AU"},
            "metadata": {"nexa_account": "7", "other": "x"},
        }
    )
    changed = sdk.v1.customers.update(made.id, {"name": "Grace H", "metadata": {"other": ""}})
    gone = sdk.v1.customers.delete(made.id)
    read = sdk.v1.customers.retrieve(made.id)

    assert made.id.startswith("cus_")
    assert made.address is not None
    assert made.address.country == "AU"
    assert (changed.name, changed.email) == ("Grace H", "grace@example.test")
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"nexa_account": "7"}
    assert gone.deleted
    assert read.deleted  # 200 with a tombstone, not 404


def test_customers_are_listed_by_email_and_paged(sdk: stripe.StripeClient) -> None:
    ids = [sdk.v1.customers.create({"email": "same@example.test"}).id for _ in range(3)]
    sdk.v1.customers.create({"email": "other@example.test"})

    first = sdk.v1.customers.list({"email": "same@example.test", "limit": 2})
    second = sdk.v1.customers.list(
        {"email": "same@example.test", "limit": 2, "starting_after": first.data[-1].id}
    )
    before = sdk.v1.customers.list({"email": "same@example.test", "ending_before": ids[0]})

    assert [c.id for c in first.data] == [ids[2], ids[1]]
    assert first.has_more
    assert [c.id for c in second.data] == [ids[0]]
    assert not second.has_more
    assert [c.id for c in before.data] == [ids[2], ids[1]]


def test_created_filter_bounds_a_list(sdk: stripe.StripeClient, customer: str) -> None:
    made = sdk.v1.customers.retrieve(customer).created

    inside = sdk.v1.customers.list({"created": {"gte": made, "lte": made}})
    after = sdk.v1.customers.list({"created": {"gt": made}})

    assert [c.id for c in inside.data] == [customer]
    assert after.data == []


def test_search_finds_by_metadata_once_indexed(
    sdk: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    made = sdk.v1.customers.create({"email": "s@example.test", "metadata": {"crm": "42"}})
    query = {"query": "email:'s@example.test' AND metadata['crm']:'42'"}

    at_once = sdk.v1.customers.search(query)
    rows = sandbox.vendor("stripe").collection("customers")
    rows.put(made.id, {**(rows.get(made.id) or {}), "created": made.created - 60})
    later = sdk.v1.customers.search(query)
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.customers.search({"query": "nonsense"})

    assert at_once.data == []
    assert [c.id for c in later.data] == [made.id]


def test_product_and_price_are_made_changed_and_listed(sdk: stripe.StripeClient) -> None:
    product = sdk.v1.products.create({"name": "Seat", "metadata": {"nexa_product": "1"}})
    price = sdk.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "unit_amount_decimal": "12.5",
            "recurring": {"interval": "year", "interval_count": 2},
            "lookup_key": "seat-2y",
        }
    )
    sdk.v1.products.update(product.id, {"name": "Seat+"})
    sdk.v1.prices.update(price.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.products.delete(product.id)

    assert sdk.v1.products.retrieve(product.id).name == "Seat+"
    assert [p.id for p in sdk.v1.products.list({"active": True}).data] == [product.id]
    assert sdk.v1.prices.list({"product": product.id, "active": True}).data == []
    assert [p.id for p in sdk.v1.prices.list({"lookup_keys": ["seat-2y"]}).data] == [price.id]
    read = sdk.v1.prices.retrieve(price.id, {"expand": ["product"]})
    assert read.unit_amount is None
    assert str(read.unit_amount_decimal) == "12.5"
    assert isinstance(read.product, stripe.Product)


def test_product_without_prices_is_deleted(sdk: stripe.StripeClient) -> None:
    product = sdk.v1.products.create({"name": "Mistake"})

    gone = sdk.v1.products.delete(product.id)

    assert gone.deleted


def test_subscription_by_invoice_is_active_with_a_draft(
    sdk: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    read = sdk.v1.subscriptions.retrieve(
        subscription.id, {"expand": ["latest_invoice", "customer", "items.data.price.product"]}
    )

    item = read.items.data[0]
    assert read.status == "active"
    assert item.quantity == 3
    assert item.current_period_end > item.current_period_start
    assert isinstance(item.price.product, stripe.Product)
    assert isinstance(read.customer, stripe.Customer)
    assert isinstance(read.latest_invoice, stripe.Invoice)
    assert (read.latest_invoice.status, read.latest_invoice.total) == ("draft", 14700)
    assert read.latest_invoice.parent is not None
    details = read.latest_invoice.parent.subscription_details
    assert details is not None
    assert details.subscription == subscription.id


def test_subscription_without_card_is_refused_unless_left_incomplete(
    sdk: stripe.StripeClient, customer: str, price: str
) -> None:
    wanted = {"customer": customer, "items": [{"price": price}]}
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        sdk.v1.subscriptions.create(wanted)

    made = sdk.v1.subscriptions.create(
        {
            **wanted,
            "payment_behavior": "default_incomplete",
            "expand": ["latest_invoice.confirmation_secret"],
        }
    )

    assert made.status == "incomplete"
    assert isinstance(made.latest_invoice, stripe.Invoice)
    assert made.latest_invoice.confirmation_secret is not None


@pytest.mark.parametrize(
    ("card", "status"),
    [("pm_card_visa", "active"), ("pm_card_chargeDeclined", "incomplete")],
)
def test_subscription_is_charged_at_once(
    sdk: stripe.StripeClient, price: str, card: str, status: str
) -> None:
    payer = sdk.v1.customers.create(
        {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
    )

    made = sdk.v1.subscriptions.create({"customer": payer.id, "items": [{"price": price}]})

    assert made.status == status


def test_trial_bills_nothing_yet(sdk: stripe.StripeClient, customer: str, price: str) -> None:
    made = sdk.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price}],
            "trial_period_days": 14,
            "expand": ["latest_invoice"],
        }
    )

    assert made.status == "trialing"
    assert isinstance(made.latest_invoice, stripe.Invoice)
    assert (made.latest_invoice.status, made.latest_invoice.amount_paid) == ("paid", 0)


def test_update_without_item_id_adds_a_second_item(
    sdk: stripe.StripeClient, subscription: stripe.Subscription, price: str
) -> None:
    item = subscription.items.data[0].id

    changed = sdk.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "quantity": 5}, {"price": price}]}
    )
    listed = sdk.v1.subscription_items.list({"subscription": subscription.id})

    assert [i.quantity for i in changed.items.data] == [5, 1]
    assert len(listed.data) == 2


def test_subscription_is_cancelled_and_left_out_of_the_list(
    sdk: stripe.StripeClient, subscription: stripe.Subscription, customer: str
) -> None:
    planned = sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    ended = sdk.v1.subscriptions.cancel(
        subscription.id, {"cancellation_details": {"comment": "bye", "feedback": "unused"}}
    )

    assert planned.cancel_at == subscription.items.data[0].current_period_end
    assert (ended.status, ended.ended_at is not None) == ("canceled", True)
    assert sdk.v1.subscriptions.list({"customer": customer}).data == []
    everything = sdk.v1.subscriptions.list({"customer": customer, "status": "all"})
    assert [s.id for s in everything.data] == [subscription.id]


def test_one_time_items_join_the_first_invoice(
    sdk: stripe.StripeClient, customer: str, price: str
) -> None:
    setup = sdk.v1.prices.create(
        {
            "product": sdk.v1.products.create({"name": "Set-up"}).id,
            "currency": "aud",
            "unit_amount": 10000,
        }
    )

    made = sdk.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price}],
            "add_invoice_items": [{"price": setup.id, "quantity": 1}],
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "expand": ["latest_invoice"],
        }
    )

    assert isinstance(made.latest_invoice, stripe.Invoice)
    assert made.latest_invoice.total == 14900
    lines = sdk.v1.invoices.line_items.list(made.latest_invoice.id)
    assert sorted(line.amount for line in lines.data) == [4900, 10000]
