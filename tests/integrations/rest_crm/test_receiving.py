"""What the CRM tells by web-hook becomes leads and properties here."""

from __future__ import annotations

from decimal import Decimal

from django.db.models.functions import Now
from django.test import Client as Browser

from crm.models import Lead, Property, User, Workspace
from crm.services.leads import lead_create, lead_update
from crm.services.origin import Origin
from integrations.hub.connections import credentials_replace
from integrations.hub.models import (
    AppliedFact,
    Connection,
    InboxEvent,
    SyncRecord,
    SyncStage,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.rest_crm.webhooks import ensure
from tests.integrations.rest_crm.conftest import (
    ADA,
    HOOK_SECRET,
    Receiver,
    lead_there,
    link_of,
    puts,
    tell,
)
from tests.sandbox import RunningSandbox


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
