"""What is gone at a vendor is said wherever people look: the command, the pages, the ledger."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from crm.models import Change, Contact
from integrations.hub.models import Connection, RunKind, SyncRun, SyncState
from integrations.hub.sync.explaining import Verdict, explain
from integrations.hub.sync.reconciling import reconcile_now
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, deliver, pull, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(connection: Connection, mirror: MirrorVendor) -> list[str]:
    ids = [
        mirror.add("people", email=f"p{n}@acme.test", last_name=f"P{n}", status="new")
        for n in range(4)
    ]
    quiesce(connection, mirror)
    mirror.events_take()
    return ids


def quietly_gone(mirror: MirrorVendor, people: list[str]) -> None:
    """Only a whole listing, which leaves them out, ever shows it."""
    mirror.rules.lists_deleted = False
    for one in people:
        mirror.remove("people", one)
    mirror.events_take()


def test_command_and_stream_tell_how_many_are_gone_there(
    connection: Connection,
    mirror: MirrorVendor,
    people: list[str],
    admin_client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    quietly_gone(mirror, people[:3])

    call_command("sync", "--connection", str(connection.pk), "--object", "people", "--full")

    assert "3 gone there" in capsys.readouterr().out
    state = SyncState.objects.get(connection=connection, object="people")
    page = admin_client.get(reverse("hub:stream_detail", args=[state.pk])).content.decode()
    assert "3 gone there" in page


def test_event_of_a_deletion_is_counted_once(
    connection: Connection, mirror: MirrorVendor, people: list[str]
) -> None:
    mirror.remove("people", people[0])
    deliver(connection, mirror.events_take())
    work()
    pull(connection, is_full=True)

    runs = SyncRun.objects.filter(object="people", deleted__gt=0)
    assert [(run.kind, run.deleted) for run in runs] == [(RunKind.INBOX, 1)]


def test_comparison_counts_what_is_gone_there_and_kept_here(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk
) -> None:
    quietly_gone(mirror, people[:3])
    pull(connection, is_full=True)
    work()
    desk.archive(Contact.objects.order_by("pk")[0])

    state = SyncState.objects.get(connection=connection, object="people")
    found = reconcile_now(state).details

    assert (found["counts"]["gone_there"], found["counts"]["same"]) == (2, 1)
    assert {one["external_id"] for one in found["samples"]["gone_there"]} == set(people[1:3])


def test_record_that_is_made_there_again_says_so(
    connection: Connection, mirror: MirrorVendor, people: list[str], desk: Desk
) -> None:
    contact = Contact.objects.order_by("pk")[0]
    mirror.remove("people", people[0])
    desk.edit(contact, title="CEO")
    pull(connection, is_full=True)

    said = Change.objects.filter(record_type="contact", record_id=contact.pk, diff={})
    assert "was deleted there, and is made again, as ours was changed since" in said.get().reason
    work()
    [told] = explain(contact)
    assert told.verdict == Verdict.IN_SYNC
