"""A Stripe of our own for each test, and the official SDK pointed at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from tests.sandbox import RunningSandbox, running_sandbox


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def sdk(sandbox: RunningSandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_nexa_tests",
        base_addresses={"api": f"{sandbox.url}/stripe"},
        max_network_retries=0,
    )


@pytest.fixture
def customer(sdk: stripe.StripeClient) -> str:
    return sdk.v1.customers.create({"email": "ada@example.test", "name": "Ada Ltd"}).id


@pytest.fixture
def price(sdk: stripe.StripeClient) -> str:
    """49.00 AUD a month."""
    product = sdk.v1.products.create({"name": "Gold plan"})
    return sdk.v1.prices.create(
        {
            "product": product.id,
            "currency": "aud",
            "unit_amount": 4900,
            "recurring": {"interval": "month"},
        }
    ).id


@pytest.fixture
def subscription(sdk: stripe.StripeClient, customer: str, price: str) -> stripe.Subscription:
    """3 × 49.00 AUD a month, paid by invoice; the first invoice is a draft."""
    return sdk.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price, "quantity": 3}],
            "collection_method": "send_invoice",
            "days_until_due": 14,
        }
    )
