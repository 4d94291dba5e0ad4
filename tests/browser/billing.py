"""A connected Stripe with a history: work done and refused, events received, money in and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.test.utils import override_settings

from crm.models import Deal, Stage, User, Workspace
from crm.services.deals import deal_move
from crm.services.origin import by_user
from integrations.hub.connections import connection_create
from integrations.hub.models import Connection
from integrations.hub.pump import pump
from tests.browser.site import Site
from tests.sandbox import RunningSandbox

PAID = "Nordvik Outdoor"
REFUSED = "Alder & Finch Architects"


@contextmanager
def at_sandbox(site: Site, sandbox: RunningSandbox) -> Iterator[None]:
    """Calls of vendors go to the sandbox, and its web-hooks come to the site."""
    with override_settings(NEXA_SANDBOX_URL=sandbox.url, NEXA_BASE_URL=site.url):
        yield


def connected_with_history(
    workspace: Workspace, seller: User, sandbox: RunningSandbox
) -> Connection:
    """One deal billed and paid, one that Stripe refuses; settings name the sandbox already."""
    connection = connect(workspace, seller)
    win(workspace, PAID, seller)
    work()
    invoice = sandbox.rows("stripe", "invoices")[0]
    sandbox.act("stripe", "pay_invoice", id=invoice["id"])
    sandbox.act("stripe", "send_unknown_event")
    sandbox.misbehave("stripe", "card_declined", method="POST", path="/v1/customers", times=None)
    win(workspace, REFUSED, seller)
    assert sandbox.wait_delivered()
    work()
    sandbox.vendor("stripe").misbehaviour.clear()
    return connection


def connect(workspace: Workspace, actor: User) -> Connection:
    return connection_create(
        workspace=workspace,
        provider_id="stripe",
        name="Stripe (sandbox)",
        credentials={"api_key": "sk_test_nexa_tests"},
        settings={},
        actor=actor,
    )


def win(workspace: Workspace, account: str, seller: User) -> None:
    deal = Deal.objects.get(workspace=workspace, account__name=account)
    stage = Stage.objects.get(pipeline=deal.pipeline, is_won=True)
    deal_move(deal, stage, origin=by_user(seller))


def work(seconds: float = 15.0) -> None:
    """Do all due work, as the workers would."""
    pump(budget_seconds=seconds, until_idle=True)
