"""What connecting does at HubSpot: our properties, the portal's facts, the app's web-hooks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm.models import Workspace
from integrations.hub.credentials import Secrets
from integrations.hub.errors import AuthExpired
from integrations.hub.handshake import webhook_url
from integrations.hub.models import Connection
from integrations.hubspot import portal as portals
from integrations.hubspot import subscribing
from integrations.hubspot.own_properties import marks_ensure
from integrations.hubspot.sandbox import sandbox as app
from integrations.hubspot.sandbox.catalog import PORTAL_ID
from integrations.hubspot.streams import STREAMS
from tests.integrations.hubspot.conftest import connection_make
from tests.integrations.hubspot.keeping import BY_NAME, Portal
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
KINDS = {stream.object for stream in STREAMS}


@pytest.fixture
def fresh(workspace: Workspace, sandbox: RunningSandbox, settings: Any) -> Portal:
    """As connected by a person who gave everything."""
    settings.NEXA_SANDBOX_URL = sandbox.url
    connection = connection_make(workspace)
    connection.credentials = Secrets(app.demo_credentials)
    return Portal(connection, sandbox)


def ensured(portal: Portal) -> str:
    found = subscribing.ensure(portal.connection, webhook_url(portal.connection))
    portal.connection.settings |= found.settings
    return found.note


def test_connecting_makes_our_properties_once(fresh: Portal) -> None:
    ensured(fresh)

    calls = fresh.calls(lambda: ensured(fresh))

    assert set(fresh.connection.settings["marked_kinds"]) == KINDS
    assert BY_NAME["deals"].markers_of(fresh.connection) == ("nexa_id", "nexa_rev")
    assert not [path for path in calls if path.endswith("/batch/create")]
    held = {one.name: one for one in fresh.client.properties("notes")}
    assert held["nexa_id"].is_unique
    assert not held["nexa_rev"].is_unique


def test_connecting_keeps_the_portals_facts(fresh: Portal) -> None:
    ensured(fresh)

    fresh.connection.remote_account_id = str(PORTAL_ID)
    url = BY_NAME["deals"].record_url
    assert url is not None
    assert fresh.connection.settings["time_zone"] == "Australia/Sydney"
    assert url(fresh.connection, "7") == "https://app.hubspot.com/contacts/62515/record/0-3/7"


def test_web_hooks_are_set_mended_and_taken_away(fresh: Portal) -> None:
    first, second = ensured(fresh), ensured(fresh)
    fresh.act("webhook_target", url="https://elsewhere.example.test/hooks")
    third = ensured(fresh)
    hooks = subscribing.hooks_of(fresh.connection)
    assert hooks is not None
    there = hooks.target()

    subscribing.unregister(fresh.connection)

    assert first == "The web-hook is set up."
    assert second == "The web-hook is in place."
    assert third == "The web-hook led elsewhere; mended."
    assert there == webhook_url(fresh.connection)
    assert hooks.target() == ""


def test_missing_subscriptions_are_made_and_idle_ones_switched_on(fresh: Portal) -> None:
    ensured(fresh)
    vendor = fresh.sandbox.vendor("hubspot").fake
    announcer = vendor.portal.announcer  # type: ignore[attr-defined]
    rows = announcer.app()["subscriptions"]
    kept = [one for one in rows if one["eventType"] != "contact.merge"]
    kept[0] = {**kept[0], "active": False}
    announcer.app_save({**announcer.app(), "subscriptions": kept})

    note = ensured(fresh)

    assert note == "The web-hook lacked 2 subscriptions; mended."
    assert ensured(fresh) == "The web-hook is in place."


def test_target_of_somebody_else_stays(fresh: Portal) -> None:
    ensured(fresh)
    fresh.act("webhook_target", url="https://elsewhere.example.test/hooks")

    subscribing.unregister(fresh.connection)

    hooks = subscribing.hooks_of(fresh.connection)
    assert hooks is not None
    assert hooks.target() == "https://elsewhere.example.test/hooks"


def test_wrong_developer_key_is_said(fresh: Portal) -> None:
    fresh.connection.credentials = fresh.connection.credentials.merged({"developer_key": "wrong"})

    with pytest.raises(AuthExpired):
        ensured(fresh)


def test_private_app_is_told_what_to_enter_where(fresh: Portal) -> None:
    fresh.connection.credentials = Secrets({"access_token": "pat-na1-nexa-tests"})

    note = ensured(fresh)

    assert webhook_url(fresh.connection) in note
    assert "target URL" in note
    assert "client secret" in note
    assert note.startswith("HubSpot tells nothing by web-hook before it is set there")


def test_without_permission_for_properties_all_goes_on_more_weakly(
    fresh: Portal,
) -> None:
    scope = "crm.schemas.contacts.write"
    path = "/crm/v3/properties/contacts/batch/create"
    fresh.sandbox.misbehave("hubspot", "missing_scopes", path=path, value=scope)

    note = ensured(fresh)

    assert set(fresh.connection.settings["marked_kinds"]) == KINDS - {"contacts"}
    assert BY_NAME["contacts"].markers_of(fresh.connection) == ("", "")
    assert "nexa_id" in note


def test_property_that_is_not_unique_is_no_marker(fresh: Portal) -> None:
    body = {
        "name": "nexa_id",
        "label": "Theirs",
        "groupName": "dealinformation",
        "type": "string",
        "fieldType": "text",
    }
    fresh.client.ask("POST", "/crm/v3/properties/deals", body=body)

    assert "deals" not in marks_ensure(fresh.connection).kinds


def test_connection_that_only_reads_makes_no_properties(fresh: Portal) -> None:
    fresh.connection.is_read_only = True

    assert marks_ensure(fresh.connection).kinds == ()
    assert "nexa_id" not in {one.name for one in fresh.client.properties("contacts")}


# --- What the portal is made of -----------------------------------------------------------------


def test_users_are_people_who_are_there_and_who_left(portal: Portal) -> None:
    found = portals.users(portal.connection)

    assert [(one.email, one.is_active) for one in found] == [
        ("ada@hubspot.test", True),
        ("grace@hubspot.test", True),
        ("sales@demo.example", True),
        ("owner@demo.example", True),
        ("edsger@hubspot.test", False),
    ]


def test_pipelines_have_stages_in_per_cent_that_are_won_or_lost(portal: Portal) -> None:
    (sales,) = portals.pipelines(portal.connection)

    assert [one.probability for one in sales.stages] == [20, 40, 60, 80, 90, 100, 0]
    assert [one.id for one in sales.stages if one.is_won] == ["closedwon"]
    assert [one.id for one in sales.stages if one.is_lost] == ["closedlost"]


def test_fields_tell_choices_links_and_what_cannot_be_written(portal: Portal) -> None:
    describe = portal.stream("contacts").describe
    assert describe is not None
    found = {one.name: one for one in describe(portal.connection)}

    assert ("customer", "Customer") in found["lifecyclestage"].choices
    assert found["hs_analytics_source"].is_read_only
    assert found["@companies"].kind == "link"
    assert set(portal.fields("contacts")) <= set(found)


def test_every_mapped_field_is_there_at_the_vendor(portal: Portal) -> None:
    for stream in STREAMS:
        assert stream.describe is not None
        held = {one.name for one in stream.describe(portal.connection)}
        assert set(portal.fields(stream.object)) <= held, stream.object


def test_account_names_the_portal(portal: Portal) -> None:
    connection: Connection = portal.connection
    connection.settings["crm_version"] = "2026-03"

    assert portals.account(connection).id == str(PORTAL_ID)
    assert replace(portals.account(connection), details={}).name == f"HubSpot portal {PORTAL_ID}"


def test_marks_that_nobody_wants_are_not_made(fresh: Portal) -> None:
    fresh.connection.settings["has_marks"] = False

    calls = fresh.calls(lambda: ensured(fresh))

    assert not [path for path in calls if "/properties/" in path]
    assert fresh.connection.settings["marked_kinds"] == []
    assert BY_NAME["deals"].markers_of(fresh.connection) == ("", "")
    assert "nexa_id" not in ensured(fresh)


def test_marks_that_are_there_are_left_alone_once_they_are_unwanted(fresh: Portal) -> None:
    ensured(fresh)

    fresh.connection.settings["has_marks"] = False
    before = BY_NAME["deals"].markers_of(fresh.connection)
    ensured(fresh)
    fresh.connection.settings["has_marks"] = True
    ensured(fresh)

    assert before == ("", "")
    assert BY_NAME["deals"].markers_of(fresh.connection) == ("nexa_id", "nexa_rev")
