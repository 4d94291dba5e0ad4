"""The console over streams, links and what was set aside: what operators see and may do."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from crm.models import Change, Contact, User, Workspace
from integrations.hub.models import (
    Connection,
    LinkState,
    QuarantinedItem,
    SyncRecord,
    SyncRun,
    SyncState,
)
from integrations.hub.sync.hinting import inbound_add
from integrations.hub.sync.holds import hold
from integrations.hub.vitals import vitals
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def console(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def act(client: Client, model: str, action: str, *rows: Any) -> Any:
    url = reverse(f"admin:hub_{model}_changelist")
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(url, chosen, follow=True)


def test_streams_are_listed_with_how_far_they_are(
    console: Client, connection: Connection, person: str
) -> None:
    page = console.get(reverse("admin:hub_syncstate_changelist")).content.decode()

    assert f"{connection}: people" in page
    assert "Switch the selected streams off" in page


def test_streams_are_listed_with_how_many_records_are_linked_now(
    console: Client, connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    for number in range(3):
        mirror.add("people", email=f"p{number}@x.test")
    pull(connection)
    pull(connection, is_full=True)
    SyncRecord.objects.filter(external_id=mirror.live("people")[0].id).update(
        state=LinkState.TOMBSTONE
    )
    desk.make("contact", email="ours@acme.test")
    work()

    page = console.get(reverse("admin:hub_syncstate_changelist"))

    linked = {one.object: one.linked_now for one in page.context["cl"].result_list}
    assert linked == {"companies": 0, "people": 3}
    assert "Linked records" in page.content.decode()
    assert "Records synced" not in page.content.decode()


def test_stream_is_switched_and_synced_from_the_list(
    console: Client, connection: Connection, operator: User, person: str
) -> None:
    state = SyncState.objects.get(connection=connection, object="people")

    act(console, "syncstate", "switch_off", state)
    state.refresh_from_db()
    assert not state.is_enabled
    refused = act(console, "syncstate", "sync_now", state).content.decode()
    assert "switched off" in refused

    act(console, "syncstate", "switch_on", state)
    act(console, "syncstate", "sync_full", state)
    state.refresh_from_db()
    assert state.is_enabled
    assert state.is_full_wanted
    acts = Change.objects.filter(record_type="syncstate", record_id=state.pk, actor=operator)
    assert acts.count() == 3


def test_stream_is_configured_through_the_service(
    console: Client, connection: Connection, operator: User
) -> None:
    state = SyncState.objects.get(connection=connection, object="people")
    url = reverse("admin:hub_syncstate_change", args=[state.pk])
    values = {
        "direction": "pull",
        "is_enabled": "on",
        "shortest_interval_seconds": "60",
        "longest_interval_seconds": "600",
        "full_interval_seconds": "86400",
        "overlap_seconds": "120",
        "on_their_delete": "archive",
        "on_our_delete": "leave",
    }

    refused = console.post(url, {**values, "shortest_interval_seconds": "5"})
    assert "The shortest pause is at least 30 s" in refused.content.decode()
    saved = console.post(url, values)

    assert saved.status_code == 302, saved.content.decode()[-2000:]
    state.refresh_from_db()
    assert (state.direction, state.interval_seconds) == ("pull", 60)
    (change,) = Change.objects.filter(record_type="syncstate", actor=operator)
    assert change.diff["on_their_delete"] == ["unlink", "archive"]


def test_stream_of_the_timeline_is_offered_no_archiving(
    console: Client, connection: Connection
) -> None:
    notes = SyncState.objects.create(connection=connection, object="notes", record_type="activity")
    people = SyncState.objects.get(connection=connection, object="people")

    def page_of(state: SyncState) -> str:
        return console.get(reverse("admin:hub_syncstate_change", args=[state.pk])).content.decode()

    assert "Archive ours" in page_of(people)
    assert "Archive ours" not in page_of(notes)
    assert "Make theirs again" in page_of(notes)


def test_link_explains_itself_and_is_taken_back(
    console: Client, connection: Connection, contact: Contact, person: str
) -> None:
    link = SyncRecord.objects.get(object="people")
    SyncRecord.objects.filter(pk=link.pk).update(state=LinkState.QUARANTINED, reason="It flapped.")
    url = reverse("admin:hub_syncrecord_change", args=[link.pk])
    page = console.get(url).content.decode()
    assert ": set aside.</strong>" in page
    assert "It flapped." in page

    act(console, "syncrecord", "retry", link)
    work()

    assert "in sync" in console.get(url).content.decode()


def test_item_set_aside_is_retried_from_the_list(
    console: Client, connection: Connection, mirror: MirrorVendor
) -> None:
    id = mirror.add("people", email="not an address")
    pull(connection)
    item = QuarantinedItem.objects.get()
    page = console.get(reverse("admin:hub_quarantineditem_changelist")).content.decode()
    assert f"people {id} (theirs)" in page

    mirror.edit("people", id, email="ada@acme.test")
    act(console, "quarantineditem", "retry", item)
    work()

    assert not QuarantinedItem.objects.exists()
    assert Contact.objects.get().email == "ada@acme.test"


def test_lists_cost_the_same_for_many_rows(
    console: Client,
    connection: Connection,
    mirror: MirrorVendor,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(30):
        mirror.add("people", email=f"p{number}@x.test")
    pull(connection)

    for model in ("syncrecord", "syncstate", "quarantineditem"):
        with django_assert_max_num_queries(16):
            assert console.get(reverse(f"admin:hub_{model}_changelist")).status_code == 200


def test_overview_tells_how_each_connection_does(
    console: Client, connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    mirror.tables.refuses = lambda object, values: "no such title"
    desk.edit(contact, title="Countess")
    work()
    Connection.objects.create(
        workspace=connection.workspace, provider="gone", name="Of a provider that is gone"
    )

    (line,) = [one for one in vitals() if one.pk == connection.pk]
    page = console.get(reverse("admin:index")).content.decode()

    assert (line.dead, line.tries, line.done) == (1, 1, 0)
    assert line.success_percent == 0
    assert line.lag_seconds is not None
    assert 0 <= line.lag_seconds < 600
    assert not line.is_well
    assert str(connection) in page
    assert "Of a provider that is gone" in page


def test_overview_costs_the_same_for_many_connections(
    workspace: Workspace, django_assert_num_queries: Any
) -> None:
    for _ in range(12):
        connection_make(workspace)

    with django_assert_num_queries(3):
        assert len(vitals()) == 12


def test_stream_is_read_again_from_an_earlier_time_after_a_question(
    console: Client, connection: Connection, mirror: MirrorVendor, person: str, operator: User
) -> None:
    state = SyncState.objects.get(connection=connection, object="people")
    asked = act(console, "syncstate", "rewind", state).content.decode()
    assert "Read up to" in asked
    assert "Read again" in asked

    url = reverse("admin:hub_syncstate_changelist")
    chosen = {"action": "rewind", "_selected_action": [state.pk], "confirmed": "yes"}
    wrong = console.post(url, chosen | {"since": "yesterday"}).content.decode()
    assert "valid date" in wrong
    future = console.post(url, chosen | {"since": "2999-01-01T00:00"}, follow=True)
    assert "time in the past" in future.content.decode()
    console.post(url, chosen | {"since": "2026-01-02T03:04"}, follow=True)

    state.refresh_from_db()
    assert state.cursor == {"at": "2026-01-02T03:04:00+00:00"}
    assert Change.objects.filter(record_type="syncstate", actor=operator).exists()


def test_held_stream_goes_on_from_the_console_after_its_reason_was_shown(
    console: Client, connection: Connection, person: str, operator: User
) -> None:
    state = SyncState.objects.get(connection=connection, object="people")
    hold(state, "Look at this.")

    asked = act(console, "syncstate", "go_on", state).content.decode()
    assert "Look at this." in asked
    state.refresh_from_db()
    assert state.hold_reason

    url = reverse("admin:hub_syncstate_changelist")
    chosen = {"action": "go_on", "_selected_action": [state.pk], "confirmed": "yes"}
    console.post(url, chosen, follow=True)
    state.refresh_from_db()
    assert (state.hold_reason, state.is_guard_waived) == ("", True)


def test_stream_is_compared_from_the_console(
    console: Client, connection: Connection, person: str
) -> None:
    state = SyncState.objects.get(connection=connection, object="people")

    act(console, "syncstate", "compare", state)

    run = SyncRun.objects.get(connection=connection, kind="reconcile")
    assert run.details == {"repair": False}


def test_shell_reads_again_since_a_time(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    mirror.edit("people", person, title="Countess")
    Contact.objects.update(title="")
    SyncRecord.objects.update(base_ours={}, base_theirs={})

    call_command("sync", "--connection", str(connection.pk), "--since", "2026-01-01T00:00Z")

    assert Contact.objects.get().title == "Countess"
    with pytest.raises(CommandError, match="write a time"):
        call_command("sync", "--connection", str(connection.pk), "--since", "soon")


@pytest.mark.parametrize("is_whole", [True, False], ids=["provider", "object"])
@pytest.mark.parametrize(
    "action",
    ["go_on", "rewind", "compare", "repair", "sync_now", "sync_full", "switch_off", "switch_on"],
)
def test_stream_whose_provider_or_object_is_gone_is_answered_in_words(
    console: Client, connection: Connection, person: str, action: str, is_whole: bool
) -> None:
    state = SyncState.objects.get(connection=connection, object="people")
    if is_whole:
        Connection.objects.filter(pk=connection.pk).update(provider="gone")
    else:
        SyncState.objects.filter(pk=state.pk).update(object="gone")
    if action == "go_on":
        hold(state, "Look at this.")
    if action == "switch_on":
        SyncState.objects.filter(pk=state.pk).update(is_enabled=False)

    url = reverse("admin:hub_syncstate_changelist")
    chosen = {"action": action, "_selected_action": [state.pk], "since": "2026-01-02T03:04"}
    asked = console.post(url, chosen, follow=True)
    done = console.post(url, chosen | {"confirmed": "yes"}, follow=True)

    assert (asked.status_code, done.status_code) == (200, 200)
    if action == "go_on":
        assert "Look at this. It cannot go on" in asked.content.decode()
        assert "Left alone" in done.content.decode()
        state.refresh_from_db()
        assert state.hold_reason == "Look at this."


@pytest.mark.parametrize("is_whole", [True, False], ids=["provider", "object"])
def test_page_of_a_stream_whose_provider_or_object_is_gone_opens_and_saves(
    console: Client, connection: Connection, person: str, is_whole: bool
) -> None:
    state = SyncState.objects.get(connection=connection, object="people")
    if is_whole:
        Connection.objects.filter(pk=connection.pk).update(provider="gone")
    else:
        SyncState.objects.filter(pk=state.pk).update(object="gone")
    url = reverse("admin:hub_syncstate_change", args=[state.pk])

    page = console.get(url)
    saved = console.post(url, {"direction": "pull", "shortest_interval_seconds": "5"})

    assert (page.status_code, saved.status_code) == (200, 200)


def test_look_at_a_thing_of_theirs_is_named_by_its_id(
    operator_client: Client, connection: Connection, person: str
) -> None:
    inbound_add(connection, "people", [person])

    page = operator_client.get(reverse("admin:hub_syncjob_changelist")).content.decode()

    assert f"Take a record over: people {person}" in page
