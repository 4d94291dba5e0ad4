"""The whole loop over real sockets: won deal, customer, signed web-hooks, account."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import Any

import pytest
import requests

from crm.models import Account, Activity, Alert, Deal, Subscription, Task, User, Workspace
from crm.services.accounts import account_update
from integrations.hub.connections import connection_create
from integrations.hub.models import Connection, InboxEvent, InboxState, JobState, SyncJob
from tests.factories import TEST_ORIGIN
from tests.forked import Forked
from tests.integrations.stripe.selling import the_job, win, work
from tests.sandbox import RunningSandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The live server starts without collected files; web-hooks need none.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def reachable(
    workspace: Workspace, admin: User, sandbox: RunningSandbox, settings: Any, live_server: Any
) -> Connection:
    """A connection whose web-hook address Stripe can really reach."""
    settings.NEXA_SANDBOX_URL = sandbox.url
    settings.NEXA_BASE_URL = live_server.url
    return connection_create(
        workspace=workspace,
        provider_id="stripe",
        name="Stripe",
        credentials={"api_key": "sk_test_nexa_tests"},
        settings={},
        actor=admin,
    )


def press(sandbox: RunningSandbox, action: str, identifier: str) -> None:
    """What the form of the control page posts."""
    reply = requests.post(
        f"{sandbox.url}/_control/stripe/actions/{action}",
        data={"id": identifier},
        timeout=10,
        allow_redirects=False,
    )
    assert reply.status_code == 303


def settle(sandbox: RunningSandbox) -> None:
    assert sandbox.wait_delivered()
    work()


def test_paid_invoice_reaches_the_account(
    reachable: Connection, deal: Deal, account: Account, sandbox: RunningSandbox
) -> None:
    win(deal)
    work()
    settle(sandbox)
    press(sandbox, "pay_invoice", sandbox.rows("stripe", "invoices")[0]["id"])
    settle(sandbox)

    account.refresh_from_db()
    payment = Activity.objects.get(account=account, kind="payment_received")
    assert (account.payment_status, account.health_score) == ("current", 75)
    assert payment.amount == Decimal("147")
    assert payment.deal == deal
    assert not Alert.objects.exists()
    assert InboxEvent.objects.exclude(state__in=("done", "ignored")).count() == 0


def test_failed_payment_alarms_with_the_banks_words(
    reachable: Connection, deal: Deal, account: Account, sandbox: RunningSandbox, salesperson: User
) -> None:
    account_update(account, values={"csm": salesperson}, origin=TEST_ORIGIN)
    win(deal)
    work()
    press(sandbox, "fail_payment", sandbox.rows("stripe", "invoices")[0]["id"])
    settle(sandbox)

    account.refresh_from_db()
    task = Task.objects.get()
    failed = Activity.objects.get(account=account, kind="payment_failed")
    assert (account.payment_status, account.health_score) == ("overdue", 55)
    assert task.title == "URGENT: Payment failed for Ada Ltd"
    assert task.assigned_to == salesperson
    assert Alert.objects.get().assigned_to == salesperson
    assert failed.body == "Your card has insufficient funds."


def test_next_cycle_moves_the_billing_date(
    reachable: Connection, deal: Deal, account: Account, sandbox: RunningSandbox
) -> None:
    win(deal)
    work()
    before = Subscription.objects.get().current_period_end
    press(sandbox, "next_billing_cycle", sandbox.rows("stripe", "subscriptions")[0]["id"])
    settle(sandbox)

    account.refresh_from_db()
    assert before is not None
    assert account.next_billing_at is not None
    assert account.next_billing_at > before


def test_cancelled_subscription_takes_its_worth_away(
    reachable: Connection, deal: Deal, account: Account, sandbox: RunningSandbox
) -> None:
    win(deal)
    work()
    press(sandbox, "cancel_subscription", sandbox.rows("stripe", "subscriptions")[0]["id"])
    settle(sandbox)

    account.refresh_from_db()
    assert (account.subscription_status, account.mrr) == ("canceled", 0)


def test_webhooks_in_reverse_order_and_three_times_change_nothing_more(
    reachable: Connection, deal: Deal, account: Account, sandbox: RunningSandbox
) -> None:
    switches = f"{sandbox.url}/_control/stripe/webhooks"
    requests.post(f"{switches}/hold", json={}, timeout=10)
    win(deal)
    work()
    invoice = sandbox.rows("stripe", "invoices")[0]["id"]
    press(sandbox, "fail_payment", invoice)
    press(sandbox, "pay_invoice", invoice)
    requests.post(f"{switches}/release_backwards", json={}, timeout=10)
    settle(sandbox)
    for event in sandbox.rows("stripe", "events"):
        press(sandbox, "resend_event", event["id"])
    settle(sandbox)

    account.refresh_from_db()
    assert account.payment_status == "current"
    assert account.health_score == 70 + 5 - 15
    assert (account.subscription_status, account.mrr) == ("active", Decimal("147"))
    assert Activity.objects.filter(kind="payment_received").count() == 1
    assert Activity.objects.filter(kind="payment_failed").count() == 1
    assert not Alert.objects.exclude(status="resolved").exists()
    assert not Task.objects.filter(status="open").exists()


def test_webhook_after_the_command_changes_nothing_more(
    reachable: Connection, deal: Deal, account: Account, sandbox: RunningSandbox
) -> None:
    win(deal)
    work()
    account.refresh_from_db()
    before = account.version
    settle(sandbox)

    account.refresh_from_db()
    assert account.version == before
    assert Activity.objects.filter(kind="subscription").count() == 1


def test_signature_of_another_secret_is_refused_and_kept_nowhere(
    reachable: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:
    endpoint = sandbox.rows("stripe", "webhook_endpoints")[0]["id"]
    secrets = sandbox.vendor("stripe").collection("_secrets")
    secrets.put(endpoint, {"id": endpoint, "secrets": ["whsec_somebody_else"]})
    win(deal)
    work()
    sandbox.wait_delivered()

    log = sandbox.vendor("stripe").deliverer.log("stripe")
    assert {attempt["status"] for row in log for attempt in row["attempts"]} == {400}
    assert InboxEvent.objects.count() == 0
    assert reachable.refusals.get().reason == "wrong signature"


def test_rolled_secret_is_accepted_while_both_sign(
    reachable: Connection, deal: Deal, sandbox: RunningSandbox
) -> None:
    endpoint = sandbox.rows("stripe", "webhook_endpoints")[0]["id"]
    secrets = sandbox.vendor("stripe").collection("_secrets")
    kept = (secrets.get(endpoint) or {})["secrets"]
    secrets.put(endpoint, {"id": endpoint, "secrets": ["whsec_the_new_one", *kept]})
    win(deal)
    work()
    settle(sandbox)

    assert InboxEvent.objects.filter(state=InboxState.DONE).count() == 1


def test_two_connections_of_one_stripe_account_count_a_payment_once(
    reachable: Connection, deal: Deal, account: Account, sandbox: RunningSandbox
) -> None:
    # As connected before the hub asked whose account it is; today the second one is refused.
    Connection.objects.update(remote_account_id="")
    connection_create(
        workspace=reachable.workspace,
        provider_id="stripe",
        name="The same again",
        credentials={"api_key": "rk_test_nexa_again"},
        settings={"bills_won_deals": False},
        actor=None,
    )
    win(deal)
    work()
    press(sandbox, "pay_invoice", sandbox.rows("stripe", "invoices")[0]["id"])
    settle(sandbox)

    account.refresh_from_db()
    assert InboxEvent.objects.values("connection").distinct().count() == 2
    assert account.health_score == 75
    assert account.mrr == Decimal("147")
    assert Activity.objects.filter(kind="payment_received").count() == 1


# --- Killed in the middle -----------------------------------------------------------------------


def worker(sandbox: RunningSandbox, fault: str = "") -> int:
    """A worker process of its own on this test's database; its exit code."""
    environment = {"NEXA_SANDBOX_URL": sandbox.url, "HUB_FAULT": fault}
    return Forked("tests.integrations.stripe.worker", 20, **environment).wait(60)


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("point", "after_a_day"),
    [
        ("push.after_api", False),
        ("push.after_api", True),
        ("push.after_subscription", False),
        ("push.after_subscription", True),
        ("job.stored", False),
    ],
)
def test_worker_killed_at_any_point_leaves_one_of_each(
    connection: Connection,
    deal: Deal,
    account: Account,
    sandbox: RunningSandbox,
    point: str,
    after_a_day: bool,
) -> None:
    win(deal)
    assert worker(sandbox, f"{point}:kill") == -signal.SIGKILL
    if after_a_day:
        sandbox.act("stripe", "forget_idempotency_keys")
    # The dead worker's lease runs out; nobody waits a minute for it here.
    SyncJob.objects.filter(state=JobState.LEASED).update(lease_until="2020-01-01T00:00Z")

    assert worker(sandbox) == 0

    assert the_job().state == JobState.DONE
    for collection in ("customers", "subscriptions"):
        assert len(sandbox.rows("stripe", collection)) == 1
    account.refresh_from_db()
    assert account.mrr == Decimal("147")
