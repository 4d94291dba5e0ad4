"""Undo of a sync run: what comes back, what stays, and that the next sync does not redo it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from crm.models import Account, Change, Contact, User, Workspace
from integrations.hub.errors import Conflict
from integrations.hub.models import Connection, LinkState, RunKind, SyncRecord, SyncRun, SyncState
from integrations.hub.sync.holds import hold_go_on
from integrations.hub.sync.undoing import run_undo_start, run_undo_work, undo_preview
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(workspace: Workspace) -> User:
    return factories.membership_make(workspace).user


def last_run(connection: Connection) -> SyncRun:
    kinds = (RunKind.PULL, RunKind.FULL)
    rows = SyncRun.objects.filter(connection=connection, object="companies", kind__in=kinds)
    run = rows.select_related("connection__workspace").order_by("-pk").first()
    assert run is not None
    return run


def state_of(connection: Connection) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object="companies")


@pytest.fixture
def run(connection: Connection, mirror: MirrorVendor, desk: Desk) -> SyncRun:
    """A run that made two accounts and changed one that was linked."""
    known = mirror.add("companies", domain="known.test", name="Known", city="Bonn")
    pull(connection, "companies")
    mirror.edit("companies", known, city="Köln")
    for name in ("a", "b"):
        mirror.add("companies", domain=f"{name}.test", name=name.upper())
    pull(connection, "companies")
    mirror.forget_calls()
    return last_run(connection)


def undone(run: SyncRun, actor: User) -> None:
    run_undo_start(run, actor=actor)
    while run_undo_work(run.pk):
        pass
    run.refresh_from_db()


def alive() -> set[str]:
    return set(Account.objects.filter(archived_at=None).values_list("name", flat=True))


def test_undo_archives_what_was_made_and_restores_what_was_changed(
    run: SyncRun, actor: User
) -> None:
    plan = undo_preview(run)
    assert plan is not None
    assert (dict(plan.archived), dict(plan.restored)) == ({"account": 2}, {"account": 1})

    undone(run, actor)

    assert alive() == {"Known"}
    assert Account.objects.get(name="Known").city == "Bonn"
    assert run.undone_at is not None
    assert run.details["undo"]["archived"] == 2
    assert Change.objects.filter(origin_id=f"undo-run-{run.pk}", actor=actor).exists()


def test_undo_keeps_what_a_person_has_changed_since(run: SyncRun, actor: User, desk: Desk) -> None:
    desk.edit(Account.objects.get(name="Known"), city="Mainz")
    desk.edit(Account.objects.get(name="A"), phone="+49301234567")

    undone(run, actor)

    assert alive() == {"Known", "A"}
    assert Account.objects.get(name="Known").city == "Mainz"
    assert run.details["undo"]["kept"] == 2


def test_undone_run_is_not_done_again_by_the_next_sync(
    run: SyncRun, connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    undone(run, actor)
    hold_go_on(state_of(connection), actor=actor)

    pull(connection, "companies", is_full=True)
    work()

    assert alive() == {"Known"}
    tombstones = SyncRecord.objects.filter(state=LinkState.TOMBSTONE)
    assert tombstones.count() == 2
    assert len(mirror.live("companies")) == 3


def test_restored_values_are_sent_only_once_a_person_goes_on(
    run: SyncRun, connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    undone(run, actor)
    pull(connection, "companies", is_full=True)
    work()
    assert mirror.writes() == []
    assert "was undone" in state_of(connection).hold_reason
    known = next(one for one in mirror.live("companies") if one.values["domain"] == "known.test")
    assert known.values["city"] == "Köln"

    hold_go_on(state_of(connection), actor=actor)
    work()

    assert mirror.value("companies", known.id, "city") == "Bonn"


def test_undo_goes_on_in_slices_and_can_be_run_twice(
    run: SyncRun, connection: Connection, actor: User
) -> None:
    run_undo_start(run, actor=actor)
    with pytest.raises(Conflict):
        run_undo_start(run, actor=actor)
    assert run_undo_work(run.pk, budget_seconds=0)
    while run_undo_work(run.pk, budget_seconds=0):
        run.refresh_from_db()
    changes = Change.objects.count()

    assert not run_undo_work(run.pk)

    assert alive() == {"Known"}
    assert Change.objects.count() == changes


def test_run_at_work_cannot_be_undone(connection: Connection, actor: User) -> None:
    run = SyncRun.objects.create(
        connection=connection, object="companies", kind="pull", status="running"
    )

    with pytest.raises(Conflict):
        run_undo_start(run, actor=actor)


def test_page_of_an_undo_says_what_follows_and_begins_it(
    admin_client: Client, run: SyncRun, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    address = reverse("hub:run_undo", args=[run.pk])

    with django_assert_max_num_queries(30):
        page = admin_client.get(address).content.decode()
    assert "2 companies made by it will be archived" in page
    assert "stop syncing until somebody lets" in page
    answer = admin_client.post(address, follow=True).content.decode()

    assert "The undo has begun" in answer
    assert run_undo_work(run.pk) is False
    assert alive() == {"Known"}
    stream = admin_client.get(reverse("hub:stream_detail", args=[state_of(connection).pk]))
    assert "2 archived, 1 as before" in stream.content.decode()


def test_undo_is_for_admins_of_the_workspace(
    sales_client: Client, admin_client: Client, run: SyncRun
) -> None:
    address = reverse("hub:run_undo", args=[run.pk])
    assert sales_client.post(address).status_code == 403
    Connection.objects.filter(pk=run.connection_id).update(workspace=factories.workspace_make())

    assert admin_client.get(address).status_code == 404
    assert "undo" not in SyncRun.objects.get(pk=run.pk).details


def test_console_asks_with_the_same_words_and_begins_it(
    operator: User, client: Client, run: SyncRun, connection: Connection
) -> None:
    client.force_login(operator)
    chosen = {"action": "undo", "_selected_action": [run.pk]}
    url = reverse("admin:hub_syncrun_changelist")
    assert (
        "Undo this run"
        in client.get(reverse("admin:hub_syncrun_change", args=[run.pk])).content.decode()
    )

    asked = client.post(url, chosen).content.decode()
    assert "2 companies made by it will be archived" in asked
    assert "undo" not in SyncRun.objects.get(pk=run.pk).details
    answer = client.post(url, {**chosen, "confirmed": "yes"}, follow=True).content.decode()

    assert "1 run being undone" in answer
    assert run_undo_work(run.pk) is False
    assert alive() == {"Known"}
    acts = Change.objects.filter(record_type="syncstate", actor=operator)
    assert acts.get().record_id == state_of(connection).pk


def test_console_says_what_cannot_be_undone(
    operator: User, client: Client, connection: Connection
) -> None:
    client.force_login(operator)
    pushed = SyncRun.objects.create(connection=connection, kind="push", status="success")
    chosen = {"action": "undo", "_selected_action": [pushed.pk]}
    url = reverse("admin:hub_syncrun_changelist")

    asked = client.post(url, chosen).content.decode()
    answer = client.post(url, {**chosen, "confirmed": "yes"}, follow=True).content.decode()

    assert "Only pulls that are over, and events and pushes of an hour, can be undone." in asked
    assert 'id="undo-confirm"' not in asked
    assert "Left alone: run" in answer
    assert "undo" not in SyncRun.objects.get(pk=pushed.pk).details


def test_nothing_left_is_not_offered(
    operator: User, admin_client: Client, client: Client, run: SyncRun, desk: Desk
) -> None:
    desk.edit(Account.objects.get(name="Known"), city="Mainz")
    for name in ("A", "B"):
        desk.edit(Account.objects.get(name=name), phone="+49301234567")
    client.force_login(operator)
    chosen = {"action": "undo", "_selected_action": [run.pk]}

    asked = client.post(reverse("admin:hub_syncrun_changelist"), chosen).content.decode()
    page = admin_client.get(reverse("hub:run_undo", args=[run.pk])).content.decode()

    assert "Nothing is left to take back." in asked
    assert 'id="undo-confirm"' not in asked
    assert "Nothing is left to take back." in page
    assert "Undo the run" not in page


def test_staff_who_only_look_at_the_log_undo_nothing(client: Client, run: SyncRun) -> None:
    staff = factories.user_make(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_syncrun"))
    client.force_login(staff)
    chosen = {"action": "undo", "_selected_action": [run.pk], "confirmed": "yes"}

    client.post(reverse("admin:hub_syncrun_changelist"), chosen)

    assert "undo" not in SyncRun.objects.get(pk=run.pk).details


def test_contacts_of_another_run_stay(
    run: SyncRun, connection: Connection, mirror: MirrorVendor, actor: User
) -> None:
    mirror.add("people", email="ada@acme.test", last_name="Byron")
    pull(connection, "people")

    undone(run, actor)

    assert Contact.objects.filter(archived_at=None).count() == 1
