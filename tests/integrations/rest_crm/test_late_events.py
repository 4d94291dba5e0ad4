"""Web-hooks that are worked off long after they came in, and what was written since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from crm.models import Lead, Property, Workspace
from crm.services.leads import lead_create, lead_update
from crm.services.origin import Origin
from integrations.hub.models import Connection, InboxEvent, SyncConflict, SyncState
from integrations.hub.pump import pump
from integrations.hub.sync.holds import hold, hold_go_on
from tests import factories
from tests.integrations.rest_crm.conftest import lead_there, live_make, say, tell
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.test"}
# Their answers tell a time, or none.
WITH_TIMES: dict[str, str] = {}
WITHOUT_TIMES = {"lead_fields": "updated_at = nowhere"}


def late_say(entity: str, **data: object) -> None:
    """It came in, and waits, as if it had failed for a while."""
    say("lead", entity, **data)
    InboxEvent.objects.update(run_at=Now() + timedelta(hours=1))


def late_work() -> None:
    InboxEvent.objects.filter(state="received").update(run_at=Now())
    pump(30)


@pytest.mark.parametrize("settings_given", [WITH_TIMES, WITHOUT_TIMES])
def test_event_that_came_in_before_our_write_was_answered_does_not_beat_it(
    workspace: Workspace, origin: Origin, sandbox: RunningSandbox, settings_given: dict[str, str]
) -> None:
    live_make(workspace, **settings_given)
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)
    late_say(lead_there(sandbox)["id"], notes="first", source="portal")
    lead_update(lead, values={"notes": "ours, later"}, origin=origin)
    pump(30)
    assert lead_there(sandbox)["notes"] == "ours, later"

    late_work()

    lead.refresh_from_db()
    assert (lead.notes, lead.source) == ("ours, later", "portal")
    assert not SyncConflict.objects.exists()


def test_event_of_what_is_never_listed_waits_while_its_stream_does(
    workspace: Workspace, sandbox: RunningSandbox
) -> None:
    connection = live_make(workspace)
    streams = SyncState.objects.filter(connection=connection, object="property")
    hold(streams.select_related("connection__workspace").get(), "Too many.")
    tell("property", "crm_property_7", event="property.created", name="Loft", askingPrice=1)
    assert InboxEvent.objects.get().state == "received"

    person = factories.membership_make(workspace).user
    hold_go_on(streams.select_related("connection__workspace").get(), actor=person)
    late_work()

    assert Property.objects.get(workspace=workspace).title == "Loft"
    assert InboxEvent.objects.get().attempts == 1


@pytest.mark.parametrize("settings_given", [WITH_TIMES, WITHOUT_TIMES])
def test_event_that_came_in_after_our_write_was_answered_is_taken_over(
    workspace: Workspace, origin: Origin, sandbox: RunningSandbox, settings_given: dict[str, str]
) -> None:
    live_make(workspace, **settings_given)
    lead = lead_create(workspace=workspace, values={**ADA, "notes": "ours"}, origin=origin)
    pump(30)

    tell("lead", lead_there(sandbox)["id"], notes="theirs")

    lead.refresh_from_db()
    assert lead.notes == "theirs"


def test_answer_without_a_time_leaves_what_is_known_to_be_older_old(
    workspace: Workspace, sandbox: RunningSandbox, origin: Origin
) -> None:
    connection = live_make(workspace)
    sandbox.act("rest_crm", "lead_new", name="Ada King")
    tell("lead", "crm_lead_101", name="Ada King", updatedAt="2026-03-01T12:00:00Z")
    tell("lead", "crm_lead_101", notes="new", updatedAt="2026-03-01T12:00:20Z")
    lead = Lead.objects.get(workspace=workspace)
    lead_update(lead, values={"notes": "ours"}, origin=origin)
    with_times = connection.settings
    Connection.objects.update(settings={**with_times, **WITHOUT_TIMES})
    pump(30)
    assert lead_there(sandbox)["notes"] == "ours"
    Connection.objects.update(settings=with_times)

    tell("lead", "crm_lead_101", notes="old", updatedAt="2026-03-01T12:00:10Z")

    lead.refresh_from_db()
    assert lead.notes == "ours"


def test_event_with_a_time_that_came_in_before_an_answer_without_one_does_not_beat_it(
    workspace: Workspace, sandbox: RunningSandbox, origin: Origin
) -> None:
    connection = live_make(workspace)
    lead = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)
    with_times = connection.settings
    late_say("crm_lead_101", notes="first", updatedAt=timezone.now().isoformat())
    lead_update(lead, values={"notes": "ours, later"}, origin=origin)
    Connection.objects.update(settings={**with_times, **WITHOUT_TIMES})
    pump(30)
    Connection.objects.update(settings=with_times)

    late_work()

    lead.refresh_from_db()
    assert lead.notes == lead_there(sandbox)["notes"] == "ours, later"


def test_event_that_came_in_before_a_make_that_took_its_thing_over_does_not_beat_it(
    workspace: Workspace, origin: Origin, sandbox: RunningSandbox
) -> None:
    """Some answer a make with the thing that they have already, and change that."""
    live_make(workspace, **WITHOUT_TIMES)
    late_say("crm_lead_101", notes="first")
    lead = lead_create(workspace=workspace, values={**ADA, "notes": "ours, later"}, origin=origin)
    pump(30)
    assert lead_there(sandbox)["id"] == "crm_lead_101"

    late_work()

    lead.refresh_from_db()
    assert lead.notes == "ours, later"
