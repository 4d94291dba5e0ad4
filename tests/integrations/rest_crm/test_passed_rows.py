"""Rows of a list that something else passed by between their reading and their taking over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Lead, Workspace
from crm.services.leads import lead_create, lead_update
from crm.services.origin import Origin
from integrations.hub.models import Connection, SyncState
from integrations.hub.pump import pump
from integrations.hub.streams import PullRequest
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.scene import scene_of
from integrations.rest_crm.pull import leads_pull
from tests.integrations.rest_crm.conftest import lead_there, tell
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.test"}
LEAD = "crm_lead_101"


@pytest.fixture
def lead(crm: Connection, workspace: Workspace, origin: Origin) -> Lead:
    made = lead_create(workspace=workspace, values=ADA, origin=origin)
    pump(30)
    return made


def listed_with(crm: Connection, meanwhile: Callable[[], Any]) -> None:
    """All leads are read, something happens, and they are taken over."""
    at = database_now()
    page = leads_pull(crm, PullRequest((), None, None))
    meanwhile()
    state = SyncState.objects.select_related("connection").get(connection=crm, object="lead")
    page_apply(scene_of(state), page.records, read_at=at)


@pytest.mark.parametrize("times", [{}, {"updatedAt": "2026-03-01T12:00:00Z"}])
def test_newer_row_is_taken_over_though_an_event_came_between(
    crm: Connection, lead: Lead, sandbox: RunningSandbox, times: dict[str, str]
) -> None:
    sandbox.act("rest_crm", "edit", id=LEAD, field="notes", value="listed only")

    listed_with(crm, lambda: tell("lead", LEAD, phone="+4930111111", **times))

    lead.refresh_from_db()
    assert lead.notes == "listed only"


def test_what_an_event_told_meanwhile_stays(
    crm: Connection, lead: Lead, sandbox: RunningSandbox
) -> None:
    sandbox.act("rest_crm", "edit", id=LEAD, field="notes", value="listed only")

    later = timezone.now().isoformat()
    listed_with(crm, lambda: tell("lead", LEAD, source="portal", updatedAt=later))

    lead.refresh_from_db()
    assert (lead.notes, lead.source) == ("listed only", "portal")


@pytest.mark.parametrize("has_times", [True, False])
def test_what_was_sent_meanwhile_stays_whatever_its_answer_told(
    crm: Connection, lead: Lead, origin: Origin, sandbox: RunningSandbox, has_times: bool
) -> None:
    with_times = crm.settings
    without = {**with_times, "lead_fields": "updated_at = nowhere"}
    sandbox.act("rest_crm", "edit", id=LEAD, field="notes", value="theirs before")
    sandbox.act("rest_crm", "edit", id=LEAD, field="source", value="portal")

    def we_send() -> None:
        lead_update(lead, values={"notes": "ours"}, origin=origin)
        Connection.objects.update(settings=with_times if has_times else without)
        pump(30)

    listed_with(crm, we_send)

    lead.refresh_from_db()
    assert (lead.notes, lead.source) == ("ours", "portal")


def test_late_event_undoes_nothing_that_a_newer_list_has_confirmed(
    crm: Connection, lead: Lead, sandbox: RunningSandbox
) -> None:
    sandbox.act("rest_crm", "edit", id=LEAD, field="notes", value="N")
    listed_with(crm, lambda: None)
    sandbox.act("rest_crm", "edit", id=LEAD, field="notes", value="M")
    told = lead_there(sandbox)["updatedAt"]
    sandbox.act("rest_crm", "edit", id=LEAD, field="notes", value="N")
    listed_with(crm, lambda: None)

    tell("lead", LEAD, notes="M", updatedAt=told)

    lead.refresh_from_db()
    assert lead.notes == "N"


def test_event_that_changes_nothing_makes_no_other_field_newer(
    crm: Connection, lead: Lead, sandbox: RunningSandbox
) -> None:
    sandbox.act("rest_crm", "edit", id=LEAD, field="notes", value="N")
    told = lead_there(sandbox)["updatedAt"]
    tell("lead", LEAD, email=ADA["email"], updatedAt=timezone.now().isoformat())

    tell("lead", LEAD, notes="N", updatedAt=told)

    lead.refresh_from_db()
    assert lead.notes == "N"
