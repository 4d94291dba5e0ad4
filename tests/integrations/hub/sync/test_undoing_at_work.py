"""Undo of a line that a batch is at: nothing is written under it that no undo would find."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection as database
from django.db import connections, transaction

from crm.choices import OriginKind
from crm.models import Change, Contact, User
from integrations.hub.models import Connection, RunKind, SyncRun
from integrations.hub.sync.counting import run_of_hour
from integrations.hub.sync.inbound import inbound_batch
from integrations.hub.sync.pushing import push_batch
from integrations.hub.sync.undoing import run_undo_start, run_undo_work
from tests.integrations.hub.mirror import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 20.0
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def line_of(connection: Connection, kind: RunKind) -> SyncRun:
    state = connection.sync_states.select_related("connection__workspace").get(object="people")
    return run_of_hour(state, kind)


def undone_meanwhile(line: SyncRun, actor: User, batch: Callable[[], object]) -> None:
    """The batch comes upon the line while its undo begins, and the undo is done after both."""

    def work() -> None:
        try:
            batch()
        finally:
            connections.close_all()

    thread = Thread(target=work)
    with transaction.atomic():
        run_undo_start(line, actor=actor)
        thread.start()
        until_it_waits()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    while run_undo_work(line.pk):
        pass


def until_it_waits() -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    with database.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("The batch has not come upon the line.")


def writer_of_title(contact: Contact) -> SyncRun:
    """The run whose write the contact's title is."""
    changes = Change.objects.filter(
        record_type="contact", record_id=contact.pk, origin_kind=OriginKind.CONNECTION
    )
    titled = changes.filter(diff__has_key="title").latest("pk")
    return SyncRun.objects.get(pk=titled.origin_id.partition(":")[2])


def undone_at_once(line: SyncRun, actor: User) -> None:
    """Begun and over while the vendor answers."""
    run_undo_start(line, actor=actor)
    while run_undo_work(line.pk):
        pass
    connections.close_all()


def test_events_whose_line_is_undone_while_the_vendor_is_asked_get_a_new_one(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, actor: User
) -> None:
    line = line_of(connection, RunKind.INBOX)
    mirror.edit("people", person, title="Countess")
    mirror.script = [Trouble("read", before=lambda: undone_at_once(line, actor))]

    inbound_batch(connection, "people", [person])

    contact.refresh_from_db()
    assert (contact.title, writer_of_title(contact).undone_at) == ("Countess", None)


@pytest.mark.parametrize("shape", [Shape(is_guarded=True)], indirect=True)
def test_push_that_meets_another_edit_there_writes_it_under_a_line_that_is_not_undone(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
) -> None:
    line = line_of(connection, RunKind.PUSH)
    mirror.edit("people", person, last_name="King")
    desk.edit(contact, phone="+493099999")

    def somebody_edits() -> None:
        mirror.edit("people", person, title="Countess")
        undone_at_once(line, actor)

    mirror.script = [Trouble("write", before=somebody_edits)]
    push_batch(connection, "contact", [contact.pk])

    contact.refresh_from_db()
    assert (contact.title, contact.phone) == ("Countess", "+493099999")
    line.refresh_from_db()
    assert line.undone_at is not None
    assert writer_of_title(contact).undone_at is None


def test_events_taken_over_while_their_line_is_undone_get_a_new_one(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, actor: User
) -> None:
    line = line_of(connection, RunKind.INBOX)
    mirror.edit("people", person, title="Countess")

    undone_meanwhile(line, actor, lambda: inbound_batch(connection, "people", [person]))

    contact.refresh_from_db()
    assert contact.title == "Countess"
    writer = writer_of_title(contact)
    line.refresh_from_db()
    assert (writer.kind, writer.updated, writer.undone_at) == (RunKind.INBOX, 1, None)
    assert (line.updated, line.pk != writer.pk) == (0, True)


def test_what_a_push_takes_over_while_its_line_is_undone_gets_a_new_one(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
) -> None:
    line = line_of(connection, RunKind.PUSH)
    mirror.edit("people", person, title="Countess")
    desk.edit(contact, phone="+493099999")

    undone_meanwhile(line, actor, lambda: push_batch(connection, "contact", [contact.pk]))

    contact.refresh_from_db()
    assert (contact.title, contact.phone) == ("Countess", "+493099999")
    writer = writer_of_title(contact)
    line.refresh_from_db()
    assert (writer.kind, writer.updated, writer.undone_at) == (RunKind.PUSH, 1, None)
    assert (line.updated, line.pk != writer.pk) == (0, True)


def test_what_is_gone_there_is_archived_under_a_line_that_can_still_be_undone(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, actor: User
) -> None:
    connection.sync_states.update(on_their_delete="archive")
    line = line_of(connection, RunKind.INBOX)
    mirror.remove("people", person)

    undone_meanwhile(line, actor, lambda: inbound_batch(connection, "people", [person]))

    contact.refresh_from_db()
    assert contact.archived_at is not None
    last = Change.objects.filter(record_type="contact", record_id=contact.pk).latest("pk")
    assert last.origin_id != f"{connection.pk}:{line.pk}"
