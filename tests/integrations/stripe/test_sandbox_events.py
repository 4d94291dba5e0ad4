"""Events of the fake and the endpoints that get them, through the official SDK."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox import RunningSandbox

NOBODY = "http://127.0.0.1:9/hook"


def test_endpoint_shows_its_secret_once(sdk: stripe.StripeClient) -> None:
    made = sdk.v1.webhook_endpoints.create(
        {"url": NOBODY, "enabled_events": ["customer.created"], "api_version": "2026-10-28.endive"}
    )
    read = sdk.v1.webhook_endpoints.retrieve(made.id)

    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    assert "secret" not in read.to_dict()
    assert [row.id for row in sdk.v1.webhook_endpoints.list().data] == [made.id]


def test_endpoint_is_changed_disabled_and_deleted(
    sdk: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    made = sdk.v1.webhook_endpoints.create({"url": NOBODY, "enabled_events": ["*"]})
    changed = sdk.v1.webhook_endpoints.update(
        made.id, {"enabled_events": ["invoice.paid"], "disabled": True}
    )
    sdk.v1.customers.create({"name": "Unheard"})
    sdk.v1.webhook_endpoints.delete(made.id)

    assert (changed.status, changed.enabled_events) == ("disabled", ["invoice.paid"])
    assert sandbox.vendor("stripe").deliverer.log("stripe") == []
    assert sdk.v1.webhook_endpoints.list().data == []


@pytest.mark.parametrize("url", ["not-an-address", "ftp://example.test/"])
def test_endpoint_needs_a_web_address(sdk: stripe.StripeClient, url: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})

    assert refused.value.param == "url"


def test_change_tells_what_it_was_before(sdk: stripe.StripeClient, customer: str) -> None:
    sdk.v1.customers.update(customer, {"name": "New"}, {"idempotency_key": "nexa-1"})

    event = sdk.v1.events.list({"type": "customer.updated"}).data[0]

    assert event.data.object["name"] == "New"
    assert event.data.to_dict()["previous_attributes"] == {"name": "Ada Ltd"}
    assert event.request is not None
    assert event.request.idempotency_key == "nexa-1"
    assert sdk.v1.events.retrieve(event.id).type == "customer.updated"


def test_first_billing_tells_its_story(
    sdk: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    sdk.v1.invoices.pay(str(subscription.latest_invoice), {"payment_method": "pm_card_visa"})

    kinds = [event.type for event in sdk.v1.events.list({"limit": 100}).data][::-1]
    told = [kind for kind in kinds if kind.startswith(("invoice", "customer.sub", "charge"))]

    assert told == [
        "invoice.created",
        "customer.subscription.created",
        "invoice.updated",
        "invoice.finalized",
        "charge.succeeded",
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


def test_events_are_filtered_by_type_and_delivery(
    sdk: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    sdk.v1.customers.create({"name": "Before"})
    sdk.v1.webhook_endpoints.create({"url": NOBODY, "enabled_events": ["*"]})
    sdk.v1.customers.create({"name": "After"})
    sandbox.wait_delivered()

    failed = sdk.v1.events.list({"types": ["customer.created"], "delivery_success": False})
    fine = sdk.v1.events.list({"types": ["customer.created"], "delivery_success": True})

    assert [event.data.object["name"] for event in failed.data] == ["After"]
    assert [event.data.object["name"] for event in fine.data] == ["Before"]


def test_charged_subscription_falls_past_due_and_recovers(
    sdk: stripe.StripeClient, sandbox: RunningSandbox, price: str
) -> None:
    payer = sdk.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    ).id
    made = sdk.v1.subscriptions.create({"customer": payer, "items": [{"price": price}]})
    refusing = "pm_card_chargeDeclined"
    sdk.v1.customers.update(payer, {"invoice_settings": {"default_payment_method": refusing}})
    sandbox.act("stripe", "next_billing_cycle", id=made.id)
    late = sdk.v1.subscriptions.retrieve(made.id)

    sandbox.act("stripe", "pay_invoice", id=str(late.latest_invoice))

    assert late.status == "past_due"
    assert sdk.v1.subscriptions.retrieve(made.id).status == "active"


def test_subscription_search_reads_metadata(
    sdk: stripe.StripeClient, sandbox: RunningSandbox, subscription: stripe.Subscription
) -> None:
    sdk.v1.subscriptions.update(subscription.id, {"metadata": {"deal": "5"}})
    rows = sandbox.vendor("stripe").collection("subscriptions")
    row = rows.get(subscription.id) or {}
    rows.put(subscription.id, {**row, "created": row["created"] - 60})

    found = sdk.v1.subscriptions.search({"query": "status:'active' AND metadata['deal']:'5'"})

    assert [row.id for row in found.data] == [subscription.id]
