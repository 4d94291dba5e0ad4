"""Leads and properties in step with a CRM, both ways, over real sockets."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.test import Client as Browser
from django.utils import timezone

from crm.models import Activity, Lead, Property, User, Workspace
from crm.services.activities import activity_log
from crm.services.leads import lead_convert, lead_create, lead_status_change, lead_update
from crm.services.origin import Origin
from crm.services.records import record_create, record_update
from integrations.hub.connections import credentials_replace
from integrations.hub.mapping.people import owners_pull
from integrations.hub.models import (
    AppliedFact,
    Connection,
    FieldMapping,
    InboxEvent,
    JobState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncStage,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync.hinting import inbound_add
from integrations.rest_crm.webhooks import ensure
from tests import factories
from tests.integrations.hub.conftest import time_passes
from tests.integrations.rest_crm.conftest import (
    HOOK_SECRET,
    Receiver,
    lead_there,
    live_make,
    tell,
)
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.test"}


@pytest.fixture
def crm(workspace: Workspace, sandbox: RunningSandbox) -> Connection:
    return live_make(workspace)


def puts(sandbox: RunningSandbox) -> int:
    return sum(1 for one in sandbox.vendor("rest_crm").requests if one.method == "PUT")


def link_of(lead: Lead) -> SyncRecord:
    return SyncRecord.objects.get(object="lead", local_id=lead.pk, state="active")


# --- Out ----------------------------------------------------------------------------------------


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


# --- In -----------------------------------------------------------------------------------------


def test_lead_that_nobody_knows_is_made(crm: Connection, workspace: Workspace) -> None:
    data = {
        "name": "Grace Hopper",
        "email": "Grace@example.test",
        "status": "inquiry",
        "budgetRange": {"min": 500000, "max": 750000},
        "preferredAreas": "Baner, Aundh",
    }
    assert tell("lead", "crm_lead_900", **data) == 200

    lead = Lead.objects.get(workspace=workspace)
    assert (lead.first_name, lead.last_name) == ("Grace", "Hopper")
    assert (lead.email, lead.status) == ("grace@example.test", "new")
    assert (lead.budget_min, lead.budget_max) == (500000, 750000)
    assert lead.preferred_areas == ["Baner", "Aundh"]
    assert link_of(lead).external_id == "crm_lead_900"


def test_told_fields_are_taken_over_and_the_others_stay(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values={**ADA, "notes": "ours"}, origin=origin)
    pump(30)
    calls = puts(sandbox)

    tell("lead", lead_there(sandbox)["id"], event="lead.status_changed", status="hot")

    lead.refresh_from_db()
    assert (lead.status, lead.notes, lead.email) == ("qualified", "ours", ADA["email"])
    pump(30)
    assert puts(sandbox) == calls


def test_old_web_hook_replaces_no_newer_value_and_brings_what_it_alone_told(
    crm: Connection, workspace: Workspace, sandbox: RunningSandbox
) -> None:
    tell("lead", "l1", name="Ada King", updatedAt="2026-03-01T12:00:00Z")
    tell("lead", "l1", notes="new", updatedAt="2026-03-01T12:00:20Z")

    tell("lead", "l1", notes="old", source="portal", updatedAt="2026-03-01T12:00:10Z")

    lead = Lead.objects.get(workspace=workspace)
    assert (lead.notes, lead.source, lead.last_name) == ("new", "portal", "King")


def test_web_hooks_without_times_count_in_the_order_they_came_in(
    crm: Connection, workspace: Workspace
) -> None:
    tell("lead", "l1", name="Ada King")
    tell("lead", "l1", notes="first")
    tell("lead", "l1", notes="second")
    first = InboxEvent.objects.order_by("pk")[1]

    # As if it had failed for a while.
    AppliedFact.objects.filter(connection=crm).delete()
    InboxEvent.objects.filter(pk=first.pk).update(state="received", run_at=Now())
    pump(30)

    first.refresh_from_db()
    assert first.state == "done"
    assert Lead.objects.get(workspace=workspace).notes == "second"


def test_change_of_ours_that_waits_is_sent_after_theirs_was_taken_over(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)
    lead_update(lead, values={"notes": "ours, not sent yet"}, origin=origin)

    tell("lead", lead_there(sandbox)["id"], status="hot")

    lead.refresh_from_db()
    assert (lead.status, lead.notes) == ("qualified", "ours, not sent yet")
    assert lead_there(sandbox)["notes"] == "ours, not sent yet"


def test_lead_is_found_by_our_reference(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)
    row = lead_there(sandbox)
    SyncRecord.objects.all().delete()

    tell("lead", row["id"], externalReference=row["externalReference"], notes="theirs")

    assert link_of(lead).external_id == row["id"]
    assert Lead.objects.count() == 1


def test_won_there_is_converted_here(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)

    status = tell("lead", lead_there(sandbox)["id"], status="closed_won", notes="Property booked")

    lead.refresh_from_db()
    assert (status, lead.status, lead.notes) == (200, "converted", "Property booked")
    assert lead.converted_deal is not None
    pump(30)
    assert not sandbox.rows("rest_crm", "deals")
    assert link_of(lead).problems == {}


def test_lost_there_is_lost_here_with_a_reason(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)

    tell("lead", lead_there(sandbox)["id"], status="lost")

    lead.refresh_from_db()
    assert (lead.status, lead.lost_reason) == ("lost", f"Lost in {crm}")


def test_status_that_nobody_knows_is_a_problem_of_that_field(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)

    tell("lead", lead_there(sandbox)["id"], status="frozen", notes="still taken over")

    lead.refresh_from_db()
    assert (lead.status, lead.notes) == ("new", "still taken over")
    assert "frozen" in link_of(lead).problems["status"]


def test_property_is_made_and_changed_by_web_hook(crm: Connection, workspace: Workspace) -> None:
    tell("property", "crm_property_7", event="property.created", name="Loft", askingPrice=1)
    tell("property", "crm_property_7", askingPrice="1,250,000", location={"city": "Pune"})

    loft = Property.objects.get(workspace=workspace)
    assert (loft.title, loft.price, loft.city) == ("Loft", Decimal(1250000), "Pune")


def test_edit_there_arrives_through_the_web_hook_that_was_registered(
    crm: Connection,
    workspace: Workspace,
    origin: Origin,
    sandbox: RunningSandbox,
    receiver: Receiver,
) -> None:
    ensure(crm, receiver.url)
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)

    sandbox.act("rest_crm", "edit", id=lead_there(sandbox)["id"], field="notes", value="by hand")
    assert sandbox.wait_delivered()
    ((headers, body),) = receiver.calls
    told = {name: headers[name] for name in ("x-crm-secret", "x-crm-event")}
    answer = Browser().post("/api/crm/webhook", body, "application/json", headers=told)
    pump(30)

    lead.refresh_from_db()
    assert (answer.status_code, lead.notes) == (200, "by hand")


def test_web_hook_before_the_first_sync_is_ignored_with_its_reason(
    crm: Connection, workspace: Workspace
) -> None:
    SyncState.objects.update(stage=SyncStage.NEW)

    tell("lead", "crm_lead_1", name="Ada")

    event = InboxEvent.objects.get()
    assert (event.state, event.reason) == (
        "ignored",
        "lead is not taken over on this connection now",
    )
    assert not Lead.objects.exists()


def test_wrong_secret_is_401(crm: Connection) -> None:
    assert tell("lead", "crm_lead_1", secret="not-ours", name="Ada") == 401


def test_secret_of_before_a_change_counts_for_a_day(crm: Connection, admin: User) -> None:
    credentials_replace(crm, credentials={"webhook_secret": "another-secret"}, actor=admin)

    told = [
        tell("lead", "L1", secret=secret, name="Eve", email="eve@example.test")
        for secret in (HOOK_SECRET, "another-secret", "a-third")
    ]

    assert told == [200, 200, 401]


def test_list_of_leads_is_pulled_page_by_page(
    crm: Connection, workspace: Workspace, sandbox: RunningSandbox
) -> None:
    for number in range(60):
        sandbox.act("rest_crm", "lead_new", name=f"Lead {number}", email=f"l{number}@example.test")
    SyncState.objects.update(is_full_wanted=True, next_run_at=timezone.now())

    pump(30)

    assert Lead.objects.filter(workspace=workspace).count() == 60
    assert Activity.objects.count() == 0
    assert sandbox.calls("rest_crm", "GET", "/api/v1/leads") >= 2
    assert not puts(sandbox)


def test_score_that_was_worked_out_of_a_lead_of_theirs_is_sent_back(
    crm: Connection, workspace: Workspace, sandbox: RunningSandbox
) -> None:
    row = FieldMapping.objects.get(connection=crm, object="lead", path="utm_source")
    FieldMapping.objects.filter(pk=row.pk).update(path="score")
    sandbox.act("rest_crm", "lead_new", name="Ada Lovelace", email="ada@example.test")
    SyncState.objects.update(is_full_wanted=True, next_run_at=timezone.now())

    pump(30)

    lead = Lead.objects.get(workspace=workspace)
    assert lead.score > 0
    assert puts(sandbox) == 1


def test_changes_come_back_from_nowhere(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    """They tell of our own calls, too: nothing comes of it."""
    sandbox.act("rest_crm", "switch_echo")
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)
    row = lead_there(sandbox)
    lead.refresh_from_db()

    tell("lead", row["id"], name="Ada Lovelace", email=ADA["email"], status="new")

    version = lead.version
    lead.refresh_from_db()
    assert lead.version == version
    assert not puts(sandbox)


def test_property_change_here_reaches_them(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    flat = record_create(
        Property, workspace=workspace, values={"title": "Flat", "city": "Pune"}, origin=origin
    )
    pump(30)

    record_update(flat, values={"status": "sold", "locality": "Baner"}, origin=origin)
    pump(30)

    (row,) = sandbox.rows("rest_crm", "properties")
    assert (row["status"], row["location"]) == ("sold", {"city": "Pune", "locality": "Baner"})


def test_lead_that_cannot_be_asked_for_is_not_taken_to_be_gone(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)

    inbound_add(crm, "lead", [lead_there(sandbox)["id"]])
    pump(30)

    link = link_of(lead)
    assert (link.state, link.gone_at) == ("active", None)


def test_lead_that_is_gone_there_is_made_again_when_it_changes_here(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)
    sandbox.act("rest_crm", "delete", id=lead_there(sandbox)["id"])

    lead_update(lead, values={"notes": "still interested"}, origin=origin)
    pump(10)

    row = lead_there(sandbox)
    assert (row["name"], row["notes"]) == ("Ada Lovelace", "still interested")
    assert link_of(lead).external_id == row["id"]


def test_refused_key_stops_the_connection_and_the_work_waits(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("rest_crm", "unauthorized", times=None)
    lead_create(workspace=workspace, values=ADA, origin=origin)

    pump(10)

    crm.refresh_from_db()
    job = SyncJob.objects.get()
    assert (crm.state, job.state, job.attempts) == ("auth_failed", JobState.READY, 0)


def test_rate_limit_of_theirs_waits_as_told_and_counts_for_nothing(
    crm: Connection, workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("rest_crm", "rate_limited", value="30")
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)

    pump(10)

    crm.refresh_from_db()
    assert crm.gate_until is not None
    assert SyncJob.objects.get().attempts == 0
    time_passes(60)
    pump(10)
    assert link_of(lead).external_id == lead_there(sandbox)["id"]
