"""What a push brings along of theirs: counted, guarded and undone as what a pull brings."""

from __future__ import annotations

import pytest

from crm.models import Account, Change, Contact, User
from integrations.hub.models import (
    Connection,
    FieldMapping,
    RunKind,
    RunStatus,
    SyncJob,
    SyncRun,
    SyncState,
)
from integrations.hub.sync.holds import hold_go_on
from integrations.hub.sync.undoing import run_undo_start, run_undo_work
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_a_push_took_over_is_undone_with_its_hour(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    actor: User,
) -> None:
    mirror.edit("people", person, title="Countess")
    desk.edit(contact, phone="+493099999")
    work()
    contact.refresh_from_db()
    assert contact.title == "Countess"

    run = SyncRun.objects.get(kind=RunKind.PUSH, object="people")
    run_undo_start(run, actor=actor)
    while run_undo_work(run.pk):
        pass

    contact.refresh_from_db()
    assert (run.updated, contact.title, contact.phone) == (1, "", "+493099999")


def test_push_that_takes_nothing_over_leaves_no_line(
    connection: Connection, mirror: MirrorVendor, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, title="CEO")
    work()

    assert not SyncRun.objects.filter(kind=RunKind.PUSH, object="people").exists()


def test_pushes_that_overwrite_much_stop_and_go_on(
    connection: Connection, mirror: MirrorVendor, desk: Desk, actor: User
) -> None:
    ids = [mirror.add("companies", domain=f"c{n}.test", name=f"C{n}") for n in range(160)]
    pull(connection)
    SyncState.objects.update(is_guard_waived=False)
    for id in ids:
        mirror.edit("companies", id, city="Bonn")
    for account in Account.objects.all():
        desk.edit(account, industry="Tools")

    work()

    state = SyncState.objects.select_related("connection__workspace").get(object="companies")
    run = SyncRun.objects.get(kind=RunKind.PUSH, object="companies")
    assert "overwritten" in state.hold_reason
    assert run.status == RunStatus.HELD
    assert 100 < run.updated < 161
    assert Change.objects.filter(origin_id=f"{connection.pk}:{run.pk}").count() == run.updated
    hold_go_on(state, actor=actor)
    work()
    assert Account.objects.filter(city="Bonn").count() == 160
    assert all(mirror.value("companies", id, "industry") == "Tools" for id in ids)


def test_stream_that_goes_on_does_not_stop_with_the_next_push(
    connection: Connection, mirror: MirrorVendor, desk: Desk, actor: User
) -> None:
    ids = [mirror.add("companies", domain=f"c{n}.test", name=f"C{n}") for n in range(160)]
    pull(connection)
    for id in ids:
        mirror.edit("companies", id, city="Bonn")
    for account in Account.objects.all():
        desk.edit(account, industry="Tools")
    work()
    rows = SyncState.objects.select_related("connection__workspace")
    hold_go_on(rows.get(object="companies"), actor=actor)
    work()

    mirror.edit("companies", ids[0], city="Mainz")
    desk.edit(Account.objects.get(name="C0"), industry="Toys")
    work()

    state = rows.get(object="companies")
    assert (state.hold_reason, state.is_guard_waived) == ("", False)
    assert Account.objects.get(name="C0").city == "Mainz"
    assert mirror.value("companies", ids[0], "industry") == "Toys"


def test_connection_that_only_reads_gets_no_jobs(
    connection: Connection, contact: Contact, desk: Desk
) -> None:
    Connection.objects.update(is_read_only=True)
    desk.edit(contact, title="CEO")
    assert not SyncJob.objects.filter(state="ready").exists()


def test_field_that_is_only_sent_goes_with_a_record_that_came_from_there(
    connection: Connection, mirror: MirrorVendor
) -> None:
    rows = FieldMapping.objects.filter(connection=connection, object="people", path="title")
    rows.update(path="account.name", direction="push")
    acme = mirror.add("companies", domain="acme.test", name="Acme")
    ada = mirror.add("people", email="ada@acme.test", company_id=acme)
    eve = mirror.add("people", email="eve@acme.test")

    pull(connection)
    work()

    assert mirror.value("people", ada, "title") == "Acme"
    assert [id for _, _, id in mirror.writes("people")] == [ada]
    assert mirror.value("people", eve, "title") is None
