"""Trouble between the CRM and Stripe: lost replies, kept failures, limits, things gone."""

from __future__ import annotations

import pytest
import stripe

from crm.models import (
    Account,
    Alert,
    Contact,
    Deal,
    Product,
    Workspace,
)
from crm.services.deals import deal_create, line_item_add
from integrations.hub.models import Connection, JobState
from tests.factories import TEST_ORIGIN
from tests.integrations.stripe.selling import (
    the_job,
    win,
    work,
    work_through_gates,
)
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)


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
