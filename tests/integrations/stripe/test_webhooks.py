"""Is it really Stripe: the signature, against vectors checked with the official SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stripe
import time_machine

from integrations.hub.errors import Unverified
from integrations.hub.models import Connection
from integrations.hub.types import RawRequest
from integrations.stripe.webhooks import events, fact_key, signature_parts, verify

VECTORS = json.loads((Path(__file__).parent / "vectors/webhook_signatures.json").read_text())


def connection_with(secret: str) -> Connection:
    return Connection(provider="stripe", credentials={"webhook_secret": secret})


def raw(body: str, signature: str = "") -> RawRequest:
    headers = {"stripe-signature": signature} if signature else {}
    return RawRequest(body=body.encode(), headers=headers)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_verify_judges_the_vectors(vector: dict[str, Any]) -> None:
    request = raw(vector["body"], vector["headers"]["Stripe-Signature"])

    with time_machine.travel(vector["now"], tick=False):
        if vector["valid"]:
            verify(request, connection_with(vector["secret"]))
            stripe.Webhook.construct_event(
                vector["body"], vector["headers"]["Stripe-Signature"], vector["secret"]
            )
        else:
            with pytest.raises(Unverified):
                verify(request, connection_with(vector["secret"]))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "no signature"),
        ("t=1", "unreadable"),
        ("v1=ab", "unreadable"),
        ("t=x,v1=ab", "unreadable"),
        ("t=1,t=2,v1=ab", "unreadable"),
        ("t=-1,v1=ab", "unreadable"),
        ("t=99999999999999999999,v1=ab", "unreadable"),
        ("t=1,v1=ä", "wrong signature"),
        ("t=1793000005,v1=", "wrong signature"),
    ],
)
def test_verify_refuses_odd_headers_in_words(header: str, reason: str) -> None:
    with pytest.raises(Unverified, match=reason):
        verify(raw("{}", header), connection_with("whsec_test_nexa"))


def test_verify_refuses_everything_without_a_secret() -> None:
    with pytest.raises(Unverified, match="no signing secret"):
        verify(raw("{}", "t=1,v1=ab"), connection_with(""))


def test_signature_parts_ignores_other_schemes() -> None:
    assert signature_parts("t=5, v1=aa,v0=bb,v1=cc") == (5, ["aa", "cc"])


def test_payment_of_an_invoice_has_one_key_however_it_is_told() -> None:
    invoice = {"id": "in_1", "attempt_count": 2}

    assert fact_key("invoice.paid", invoice) == fact_key("invoice.payment_succeeded", invoice)
    assert fact_key("invoice.payment_failed", invoice) == "invoice.payment_failed:in_1:2"
    assert fact_key("customer.subscription.updated", {"id": "sub_1"}) == ""


def test_events_names_the_customer_as_subject() -> None:
    body = {
        "id": "evt_1",
        "type": "customer.subscription.updated",
        "created": 1793000000,
        "data": {"object": {"id": "sub_1", "customer": {"id": "cus_1"}}},
    }

    (event,) = events(raw(json.dumps(body)), Connection())

    assert (event.id, event.kind, event.subject) == (
        "evt_1",
        "customer.subscription.updated",
        "cus_1",
    )
    assert event.occurred_at is not None


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"id": "evt_1"}', "nonsense"])
def test_events_raises_for_what_is_no_event(body: str) -> None:
    with pytest.raises((ValueError, KeyError, AttributeError, TypeError)):
        events(raw(body), Connection())
