"""Invoices, payments and refunds of the fake, through the official SDK."""

from __future__ import annotations

import pytest
import stripe


def test_invoice_is_finalized_and_paid(
    sdk: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    invoice = str(subscription.latest_invoice)

    opened = sdk.v1.invoices.finalize_invoice(invoice)
    paid = sdk.v1.invoices.pay(invoice, {"payment_method": "pm_card_visa"})
    link = sdk.v1.invoice_payments.list({"invoice": invoice}).data[0]

    assert opened.status == "open"
    assert opened.number
    assert opened.due_date is not None
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 14700, 0)
    assert (link.status, link.payment.type) == ("paid", "payment_intent")
    assert sdk.v1.invoice_payments.retrieve(link.id).amount_paid == 14700
    intent = str(link.payment.payment_intent)
    found = sdk.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent}}
    )
    assert [row.id for row in found.data] == [link.id]


def test_refused_card_leaves_the_invoice_open(
    sdk: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    invoice = str(subscription.latest_invoice)

    with pytest.raises(stripe.CardError, match="insufficient funds") as refused:
        sdk.v1.invoices.pay(invoice, {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"})

    read = sdk.v1.invoices.retrieve(invoice)
    assert refused.value.http_status == 402
    assert (read.status, read.attempt_count) == ("open", 1)
    assert sdk.v1.charges.list().data[0].status == "failed"


def test_invoice_is_paid_outside(
    sdk: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    paid = sdk.v1.invoices.pay(str(subscription.latest_invoice), {"paid_out_of_band": True})

    assert paid.status == "paid"
    assert sdk.v1.charges.list().data == []
    kinds = [event.type for event in sdk.v1.events.list({"limit": 100}).data]
    assert "invoice.paid" in kinds
    assert "invoice.payment_succeeded" not in kinds


def test_open_invoices_are_sent_voided_and_written_off(
    sdk: stripe.StripeClient, customer: str, price: str
) -> None:
    invoices = []
    for _ in range(2):
        made = sdk.v1.subscriptions.create(
            {
                "customer": customer,
                "items": [{"price": price}],
                "collection_method": "send_invoice",
                "days_until_due": 1,
            }
        )
        invoices.append(sdk.v1.invoices.send_invoice(str(made.latest_invoice)).id)

    assert sdk.v1.invoices.void_invoice(invoices[0]).status == "void"
    assert sdk.v1.invoices.mark_uncollectible(invoices[1]).status == "uncollectible"
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.invoices.pay(invoices[0], {"payment_method": "pm_card_visa"})
    assert len(sdk.v1.invoices.list({"customer": customer, "status": "void"}).data) == 1


def test_invoices_are_listed_by_subscription(
    sdk: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    found = sdk.v1.invoices.list({"subscription": subscription.id})

    assert [invoice.id for invoice in found.data] == [str(subscription.latest_invoice)]


def test_payment_intent_is_confirmed_and_refunded_in_parts(
    sdk: stripe.StripeClient, customer: str
) -> None:
    intent = sdk.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "customer": customer,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": {"order": "1"},
        }
    )
    paid = sdk.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    charge = str(paid.latest_charge)
    part = sdk.v1.refunds.create({"charge": charge, "amount": 2000})
    after_part = sdk.v1.charges.retrieve(charge, {"expand": ["refunds", "customer"]})
    rest = sdk.v1.refunds.create({"payment_intent": intent.id, "reason": "requested_by_customer"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.refunds.create({"charge": charge})

    assert paid.status == "succeeded"
    assert (after_part.amount_refunded, after_part.refunded) == (2000, False)
    assert after_part.refunds is not None
    assert [refund.id for refund in after_part.refunds.data] == [part.id]
    assert rest.amount == 3000
    assert sdk.v1.charges.retrieve(charge).refunded
    assert refused.value.code == "charge_already_refunded"
    assert sdk.v1.refunds.retrieve(part.id).amount == 2000
    assert len(sdk.v1.refunds.list({"charge": charge}).data) == 2


def test_payment_intent_is_declined_with_its_charge(
    sdk: stripe.StripeClient, customer: str
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        sdk.v1.payment_intents.create(
            {
                "amount": 100,
                "currency": "usd",
                "customer": customer,
                "payment_method": "pm_card_chargeDeclined",
                "confirm": True,
            }
        )

    assert refused.value.code == "card_declined"
    intents = sdk.v1.payment_intents.list({"customer": customer})
    assert intents.data[0].status == "requires_payment_method"
    assert sdk.v1.charges.list({"payment_intent": intents.data[0].id}).data[0].paid is False


def test_payment_intent_is_captured_later_or_cancelled(sdk: stripe.StripeClient) -> None:
    wanted = {
        "amount": 900,
        "currency": "jpy",
        "payment_method": "pm_card_visa",
        "confirm": True,
        "capture_method": "manual",
    }
    held = sdk.v1.payment_intents.create(wanted)
    other = sdk.v1.payment_intents.create(wanted)

    captured = sdk.v1.payment_intents.capture(held.id, {"amount_to_capture": 800})
    cancelled = sdk.v1.payment_intents.cancel(other.id, {"cancellation_reason": "abandoned"})
    updated = sdk.v1.payment_intents.update(held.id, {"metadata": {"a": "b"}})

    assert held.status == "requires_capture"
    assert (captured.status, captured.amount_received) == ("succeeded", 800)
    assert cancelled.status == "canceled"
    assert updated.metadata.to_dict() == {"a": "b"}
    assert sdk.v1.payment_intents.retrieve(held.id).status == "succeeded"
