"""What a person must mend before a deal can be billed."""

from __future__ import annotations

import pytest

from crm.models import (
    Account,
    Activity,
    Alert,
    Contact,
    Deal,
    User,
    Workspace,
)
from crm.services.contacts import contact_update
from crm.services.deals import deal_create, deal_update, line_item_add
from integrations.hub.jobs.replay import job_replay
from integrations.hub.models import Connection, JobState
from tests.factories import TEST_ORIGIN
from tests.integrations.stripe.selling import (
    product_make,
    the_job,
    win,
    work,
)
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_key_that_may_not_bill_is_told_on_the_deal(
    connection: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave(
        "stripe",
        "missing_permission",
        method="POST",
        path="/v1/subscriptions",
        value="subscription_write",
    )

    win(deal)
    work()

    assert the_job().reason == "forbidden"
    alert = Alert.objects.get(kind="billing_refused", status="open")
    assert "is not billed" in alert.message
    assert "subscription_write" in alert.message
    assert Activity.objects.filter(deal=deal, subject__contains="could not be created").exists()


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
