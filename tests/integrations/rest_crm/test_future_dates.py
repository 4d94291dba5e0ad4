"""Times of theirs that are in the future: one wrong date hides nothing that follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.models import Lead, Property, Workspace
from crm.services.leads import lead_create, lead_update
from crm.services.origin import Origin
from integrations.hub.models import Connection, SyncRecord, SyncState
from integrations.hub.pump import pump
from tests.integrations.rest_crm.conftest import lead_there, tell
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

YEAR_2062 = "2062-01-01T00:00:00Z"


def ago(seconds: float) -> str:
    return (timezone.now() - timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize("wrong", [YEAR_2062, "in an hour"])
def test_date_in_the_future_freezes_no_field(
    crm: Connection, workspace: Workspace, wrong: str
) -> None:
    tell("property", "p1", name="Loft", askingPrice=100, updatedAt=ago(40))
    at = ago(-3600) if wrong == "in an hour" else wrong
    tell("property", "p1", askingPrice=110, updatedAt=at)
    assert Property.objects.get(workspace=workspace).price == Decimal(110)

    tell("property", "p1", askingPrice=120, updatedAt=ago(20))
    tell("property", "p1", askingPrice=130, updatedAt=ago(10))

    assert Property.objects.get(workspace=workspace).price == Decimal(130)


def test_what_was_old_before_a_wrong_date_stays_old(crm: Connection, workspace: Workspace) -> None:
    tell("property", "p1", name="Loft", askingPrice=90, updatedAt=ago(60))
    tell("property", "p1", askingPrice=100, updatedAt=ago(40))
    tell("property", "p1", askingPrice=110, updatedAt=YEAR_2062)

    tell("property", "p1", askingPrice=95, updatedAt=ago(50))

    assert Property.objects.get(workspace=workspace).price == Decimal(110)


def test_date_in_the_future_that_was_kept_before_is_believed_no_more(
    crm: Connection, workspace: Workspace
) -> None:
    tell("property", "p1", name="Loft", askingPrice=100)
    wrong = datetime(2062, 1, 1, tzinfo=UTC)
    kept = {"price": [wrong.isoformat(), wrong.isoformat()], "title": [wrong.isoformat(), None]}
    kept["price"][1] = ago(60)
    SyncRecord.objects.update(remote_modified_at=wrong, told_at=kept)

    tell("property", "p1", name="Big loft", askingPrice=120, updatedAt=ago(20))

    listed = Property.objects.get(workspace=workspace)
    assert (listed.title, listed.price) == ("Big loft", Decimal(120))


def test_wrong_date_of_a_list_or_an_answer_is_not_kept(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    ada = {"last_name": "Lovelace", "email": "ada@example.test"}
    sandbox.act("rest_crm", "lead_new", name="Grace Hopper", email="grace@example.test")
    leads = sandbox.vendor("rest_crm").collection("leads")
    leads.put("crm_lead_101", {**lead_there(sandbox), "updatedAt": YEAR_2062})
    SyncState.objects.update(is_full_wanted=True, next_run_at=timezone.now())
    pump(30)
    lead_create(workspace=workspace, values=ada, origin=origin)
    pump(30)
    grace = Lead.objects.get(workspace=workspace, last_name="Hopper")
    lead_update(grace, values={"notes": "ours"}, origin=origin)
    pump(30)

    tell("lead", "crm_lead_101", notes="theirs", phone="+4930111111", updatedAt=ago(0))

    grace.refresh_from_db()
    assert (grace.notes, grace.phone) == ("theirs", "+4930111111")
    assert not SyncRecord.objects.filter(remote_modified_at__gt=timezone.now()).exists()
