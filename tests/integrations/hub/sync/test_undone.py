"""What pages say after an undo of a sync run: once is enough, and its stream waits for a person."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Account, Contact, User, Workspace
from integrations.hub.errors import Conflict
from integrations.hub.models import Connection, RunKind, SyncRun, SyncState
from integrations.hub.sync.explaining import Verdict, explain
from integrations.hub.sync.holds import hold_go_on
from integrations.hub.sync.undoing import run_undo_start, run_undo_work
from integrations.hub.undo_words import undo_outlook
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(workspace: Workspace) -> User:
    return factories.membership_make(workspace).user


@pytest.fixture
def run(connection: Connection, mirror: MirrorVendor) -> SyncRun:
    """One that changed an account that was linked."""
    known = mirror.add("companies", domain="known.test", name="Known", city="Bonn")
    pull(connection, "companies")
    mirror.edit("companies", known, city="Köln")
    pull(connection, "companies")
    rows = SyncRun.objects.filter(object="companies", kind=RunKind.PULL)
    return rows.select_related("connection__workspace").latest("pk")


def state_of(connection: Connection) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object="companies")


def undone(run: SyncRun, actor: User) -> None:
    run_undo_start(run, actor=actor)
    while run_undo_work(run.pk):
        pass
    run.refresh_from_db()


def test_second_undo_is_refused_and_changes_nothing(
    run: SyncRun, connection: Connection, actor: User, admin_client: Client
) -> None:
    undone(run, actor)
    told = run.details["undo"]
    hold_go_on(state_of(connection), actor=actor)
    url = reverse("hub:run_undo", args=[run.pk])

    with pytest.raises(Conflict, match="was undone already"):
        run_undo_start(run, actor=actor)
    pages = [admin_client.get(url, follow=True), admin_client.post(url, follow=True)]

    run.refresh_from_db()
    assert run.details["undo"] == told
    assert state_of(connection).hold_reason == ""
    assert all("This run was undone already." in page.content.decode() for page in pages)
    assert all("The undo has begun" not in page.content.decode() for page in pages)


def test_undo_is_offered_once(
    run: SyncRun, connection: Connection, actor: User, admin_client: Client
) -> None:
    page = reverse("hub:stream_detail", args=[state_of(connection).pk])
    offer = f'id="undo-{run.pk}"'
    assert offer in admin_client.get(page).content.decode()

    run_undo_start(run, actor=actor)

    said = admin_client.get(page).content.decode()
    assert offer not in said
    assert "Being undone" in said


def test_stream_that_waits_is_named_on_the_page_of_its_connection(
    run: SyncRun, connection: Connection, actor: User, admin_client: Client
) -> None:
    undone(run, actor)

    page = admin_client.get(reverse("hub:connection_detail", args=[connection.pk]))

    banner = page.content.decode().partition('<div class="alert alert-err">')[2]
    said = banner.partition('<div class="stats">')[0]
    assert "Waits for you: Companies" in said
    assert f"Run {run.pk} was undone" in said
    assert reverse("hub:stream_detail", args=[state_of(connection).pk]) in said


def test_record_says_that_its_stream_waits(run: SyncRun, actor: User) -> None:
    undone(run, actor)
    work()

    (said,) = explain(Account.objects.get(name="Known"))

    assert said.verdict == Verdict.PENDING
    assert said.words.startswith("The stream waits for a decision: Run")


def test_rehearsal_says_what_it_would_change(connection: Connection, admin_client: Client) -> None:
    rows = {"connection": connection, "object": "companies", "status": "success"}
    SyncRun.objects.create(kind=RunKind.REHEARSAL, created=7, updated=9, **rows)

    page = admin_client.get(reverse("hub:stream_detail", args=[state_of(connection).pk]))

    assert "7 would be" in page.content.decode()
    assert "9 would change" in page.content.decode()


def test_line_of_an_hour_says_what_its_undo_is_about(
    connection: Connection, mirror: MirrorVendor, person: str, contact: Contact, desk: Desk
) -> None:
    mirror.edit("people", person, title="CTO")
    desk.edit(contact, first_name="Augusta")
    work()

    line = SyncRun.objects.get(connection=connection, kind=RunKind.PUSH, object="people")
    assert line.finished_at is not None
    assert line.finished_at >= line.started_at
    [hour, *_] = undo_outlook(line).lines
    assert hour.startswith("These are all changes that were sent from ")
