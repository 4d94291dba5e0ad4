"""A Stripe of our own for each test, and the official SDK pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from crm.models import Account, Contact, Deal, Product, User, Workspace
from crm.services.accounts import account_create
from crm.services.contacts import contact_create
from crm.services.deals import deal_create, line_item_add
from integrations.hub.connections import connection_create
from integrations.hub.models import Connection
from tests.factories import TEST_ORIGIN
from tests.integrations.stripe.selling import product_make
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
    """3 times 49.00 AUD a month, paid by invoice; the first invoice is a draft."""
    return sdk.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price, "quantity": 3}],
            "collection_method": "send_invoice",
            "days_until_due": 14,
        }
    )


# --- The CRM's side -----------------------------------------------------------------------------


@pytest.fixture
def connection(
    workspace: Workspace, admin: User, sandbox: RunningSandbox, settings: Any
) -> Connection:
    """Connected as a person would, at the sandbox; the web-hook is registered there."""
    settings.NEXA_SANDBOX_URL = sandbox.url
    return connection_create(
        workspace=workspace,
        provider_id="stripe",
        name="Stripe",
        credentials={"api_key": "sk_test_nexa_tests"},
        settings={},
        actor=admin,
    )


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return account_create(
        workspace=workspace, values={"name": "Ada Ltd", "currency": "AUD"}, origin=TEST_ORIGIN
    )


@pytest.fixture
def contact(workspace: Workspace, account: Account) -> Contact:
    values = {"first_name": "Ada", "email": "ada@example.test", "account": account}
    return contact_create(workspace=workspace, values=values, origin=TEST_ORIGIN)


@pytest.fixture
def gold(workspace: Workspace) -> Product:
    """49.00 AUD a month."""
    return product_make(workspace, name="Gold plan", price="49", interval="month")


@pytest.fixture
def deal(workspace: Workspace, account: Account, contact: Contact, gold: Product) -> Deal:
    """Three gold plans; not won yet."""
    made = deal_create(
        workspace=workspace,
        values={
            "name": "Ada, gold",
            "account": account,
            "primary_contact": contact,
            "currency": "AUD",
        },
        origin=TEST_ORIGIN,
    )
    line_item_add(made, product=gold, quantity=3, origin=TEST_ORIGIN)
    made.refresh_from_db()
    return made
