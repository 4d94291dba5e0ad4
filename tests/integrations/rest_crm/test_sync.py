"""Leads and properties in step with a CRM, both ways, over real sockets."""

from __future__ import annotations

from django.utils import timezone

from crm.models import Activity, Lead, Property, Workspace
from crm.services.leads import lead_create, lead_update
from crm.services.origin import Origin
from crm.services.records import record_create, record_update
from integrations.hub.models import (
    Connection,
    FieldMapping,
    JobState,
    SyncJob,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync.hinting import inbound_add
from tests.integrations.hub.conftest import time_passes
from tests.integrations.rest_crm.conftest import (
    ADA,
    lead_there,
    link_of,
    puts,
    tell,
)
from tests.sandbox import RunningSandbox


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
