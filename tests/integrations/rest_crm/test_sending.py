"""What happens here is told to the CRM over real sockets: leads, viewings, deals, inquiries."""

from __future__ import annotations

from decimal import Decimal

from crm.models import Property, Workspace
from crm.services.activities import activity_log
from crm.services.leads import lead_convert, lead_create, lead_status_change, lead_update
from crm.services.origin import Origin
from crm.services.records import record_create
from integrations.hub.mapping.people import owners_pull
from integrations.hub.models import (
    Connection,
    JobState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
)
from integrations.hub.pump import pump
from tests import factories
from tests.integrations.hub.conftest import time_passes
from tests.integrations.rest_crm.conftest import (
    ADA,
    lead_there,
    link_of,
    live_make,
)
from tests.sandbox import RunningSandbox


def test_new_lead_is_made_there_with_all_it_holds(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    flat = record_create(
        Property,
        workspace=workspace,
        values={"title": "Flat", "price": Decimal("250000"), "city": "Pune", "locality": "Baner"},
        origin=origin,
    )
    lead = lead_create(
        workspace=workspace,
        values={
            **ADA,
            "phone": "+4930123456",
            "source": "portal",
            "budget_min": Decimal("100000"),
            "budget_max": Decimal("300000.50"),
            "preferred_areas": ["Baner", "Aundh"],
            "property": flat,
            "utm_source": "spring",
            "notes": "Wants a balcony",
        },
        origin=origin,
    )

    pump(30)
    pump(30)

    (listing,) = sandbox.rows("rest_crm", "properties")
    assert (listing["name"], listing["askingPrice"]) == ("Flat", 250000)
    assert listing["location"] == {"city": "Pune", "locality": "Baner"}
    row = lead_there(sandbox)
    created = lead.created_at
    assert row.pop("createdDate").startswith(created.strftime("%Y-%m-%dT%H:%M:%S"))
    assert row.pop("externalReference").endswith(f"-{lead.pk}")
    assert {name: row[name] for name in row if name not in ("id", "createdAt", "updatedAt")} == {
        "name": "Ada Lovelace",
        "email": "ada@example.test",
        "phone": "+4930123456",
        "source": "portal",
        "status": "new",
        "budgetRange": {"min": 100000, "max": 300000.5},
        "preferredAreas": ["Baner", "Aundh"],
        "relatedProperty": listing["id"],
        "utmSource": "spring",
        "notes": "Wants a balcony",
    }


def test_change_sends_what_was_changed_and_what_goes_with_it(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    values = {**ADA, "budget_min": Decimal(1), "budget_max": Decimal(9)}
    lead = lead_create(workspace=workspace, values=values, origin=origin)
    pump(30)

    lead_update(
        lead, values={"last_name": "King", "budget_max": Decimal(8), "notes": "x"}, origin=origin
    )
    pump(30)

    row = lead_there(sandbox)
    assert (row["name"], row["notes"]) == ("Ada King", "x")
    assert row["budgetRange"] == {"min": 1, "max": 8}
    assert sandbox.calls("rest_crm", "PUT", f"/api/v1/leads/{row['id']}") == 1
    pump(30)
    assert sandbox.calls("rest_crm", "PUT", f"/api/v1/leads/{row['id']}") == 1


def test_status_goes_out_in_their_words_with_the_reason(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)

    lead_status_change(lead, "lost", origin=origin, lost_reason="Too dear")
    pump(30)

    row = lead_there(sandbox)
    assert (row["status"], row["reason"]) == ("lost", "Too dear")


def test_viewing_is_told_on_the_timeline_there_and_once(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)

    lead_status_change(lead, "viewing_scheduled", origin=origin)
    sandbox.misbehave("rest_crm", "server_error_done", method="POST", path="/api/v1/leads/")
    pump(30, until_idle=True)

    (activity,) = sandbox.rows("rest_crm", "activities")
    assert (activity["kind"], activity["lead"]) == ("viewing_scheduled", lead_there(sandbox)["id"])
    assert activity["note"] == "Viewing scheduled"
    assert lead_there(sandbox)["status"] == "viewing_scheduled"


def test_converted_lead_is_won_there_and_its_deal_told(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(
        workspace=workspace, values={**ADA, "budget_max": Decimal(500)}, origin=origin
    )
    pump(30)

    lead_convert(lead, origin=origin)
    pump(30)

    row = lead_there(sandbox)
    (deal,) = sandbox.rows("rest_crm", "deals")
    assert row["status"] == "won"
    assert (deal["lead"], deal["amount"]) == (row["id"], 500)


def test_form_becomes_an_inquiry_there(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values={**ADA, "utm_source": "ad"}, origin=origin)
    activity_log(
        workspace=workspace,
        values={"kind": "form_submitted", "subject": "Asked", "body": "Still free?", "lead": lead},
        origin=origin,
    )

    pump(30, until_idle=True)

    (inquiry,) = sandbox.rows("rest_crm", "inquiries")
    assert (inquiry["lead"], inquiry["message"]) == (lead_there(sandbox)["id"], "Still free?")
    assert inquiry["utmSource"] == "ad"


def test_dealer_is_sent_as_their_agent_with_a_rank_of_its_own(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    user = factories.user_make(email="asha@agents.example")
    factories.membership_make(workspace, user=user)
    assert owners_pull(crm).matched == 1
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)

    lead_update(lead, values={"owner": user}, origin=origin)

    assert SyncJob.objects.get(state=JobState.READY).head_start_seconds == 120
    pump(30)
    assert lead_there(sandbox)["assignedAgent"] == "agent_121"


def test_answer_that_was_lost_makes_no_second_lead(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("rest_crm", "server_error_done", path="/api/v1/leads")
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)

    pump(0)
    time_passes(60)
    pump(30)

    assert link_of(lead).external_id == lead_there(sandbox)["id"]


def test_refused_field_is_listed_with_their_words(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("rest_crm", "refused", value="source")
    lead_create(workspace=workspace, values={**ADA, "source": "odd"}, origin=origin)

    pump(30)

    job = SyncJob.objects.get()
    assert job.state == JobState.DEAD
    assert "source" in job.last_error
    assert "source" in QuarantinedItem.objects.get().message


def test_connection_tries_as_often_as_its_settings_say(
    workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    live_make(workspace, retry_attempts=1, retry_delay_ms=100)
    sandbox.misbehave("rest_crm", "server_error", times=None)
    lead_create(workspace=workspace, values=ADA, origin=origin)

    for _ in range(3):
        pump(0)
        time_passes(60)

    job = SyncJob.objects.get()
    assert (job.state, job.attempts, job.reason) == (JobState.DEAD, 2, "transient")


def test_many_leads_go_in_one_call_where_the_crm_takes_that(
    workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    live_make(workspace, has_batch=True)
    for number in range(5):
        values = {"last_name": f"L{number}", "email": f"l{number}@example.test"}
        lead_create(workspace=workspace, values=values, origin=origin)

    pump(30)

    assert len(sandbox.rows("rest_crm", "leads")) == 5
    assert SyncRecord.objects.filter(object="lead").count() == 5
    assert sandbox.calls("rest_crm", "POST", "/api/v1/leads/batch") >= 1
