"""Pulls end to end: the vendor over HTTP, the pump, our records; and nothing that goes back."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from crm.choices import Role
from crm.models import Account, Change, Contact
from integrations.hub.mapping.edits import field_update
from integrations.hub.models import (
    Connection,
    FieldMapping,
    OwnershipMapping,
    QuarantinedItem,
    RunKind,
    SyncRecord,
    SyncRun,
    SyncStage,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.selectors import is_work_due, seconds_until_due
from tests import factories
from tests.integrations.hub.mirror import mirror_connection
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import (
    ours_of,
    ours_versions,
    pull,
    pull_out,
    quiesce,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)
LINKS = 10_000 if os.environ.get("NEXA_PROVE_EXAMPLES") else 60


def test_first_pull_takes_all_over_and_sends_nothing_back(
    connection: Connection, mirror: MirrorVendor
) -> None:
    admin = factories.membership_make(connection.workspace, role=Role.ADMIN).user
    ann = factories.membership_make(connection.workspace).user
    OwnershipMapping.objects.create(connection=connection, external_id="u1", user=ann)
    acme = mirror.add("companies", domain="acme.test", name="Acme", owner_id="u1")
    ada = mirror.add(
        "people",
        email="Ada@Acme.test",
        first_name="Ada",
        company_id=acme,
        owner_id="u9",
        status="working",
    )

    pull(connection)

    account = ours_of(connection, "companies", acme)
    contact = ours_of(connection, "people", ada)
    assert (account.name, account.domain, account.owner) == ("Acme", "acme.test", ann)
    assert (contact.email, contact.first_name) == ("ada@acme.test", "Ada")
    assert (contact.account, contact.owner, contact.lifecycle) == (account, admin, "sql")
    assert mirror.writes() == []
    hub_check(connection, mirror)


def test_second_pull_of_nothing_new_writes_nothing_and_asks_once_a_stream(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    before = ours_versions(connection)

    pull(connection)

    assert ours_versions(connection) == before
    assert mirror.count("list") == 2
    assert len(mirror.calls) == 2


def test_pull_reads_every_page_of_one_time(connection: Connection, mirror: MirrorVendor) -> None:
    mirror.rules.page_size = 3
    mirror.tables.frozen_at = datetime.now(UTC) - timedelta(hours=1)
    for number in range(10):
        mirror.add("people", email=f"p{number}@x.test", first_name=f"P{number}")

    pull(connection)

    assert Contact.objects.count() == 10
    hub_check(connection, mirror)


def test_change_in_the_same_instant_as_the_cursor_is_taken_over(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.tables.frozen_at = datetime.now(UTC) - timedelta(hours=1)
    ada = mirror.add("people", email="ada@x.test", first_name="Ada")
    pull(connection)
    bob = mirror.add("people", email="bob@x.test", first_name="Bob")
    mirror.edit("people", ada, title="CEO")

    pull(connection)

    assert ours_of(connection, "people", ada).title == "CEO"
    assert ours_of(connection, "people", bob).first_name == "Bob"


def test_change_that_shows_late_in_listings_is_taken_over(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    mirror.rules.lag = timedelta(seconds=3600)
    mirror.edit("people", person, title="CEO")
    pull(connection)
    mirror.rules.lag = timedelta(0)

    pull(connection)

    assert ours_of(connection, "people", person).title == "CEO"


@pytest.mark.parametrize("minutes", [-5, 5])
def test_wrong_clock_of_the_vendor_hides_nothing(
    connection: Connection, mirror: MirrorVendor, minutes: int
) -> None:
    mirror.rules.offset = timedelta(minutes=minutes)
    pull(connection)

    ada = mirror.add("people", email="ada@x.test", first_name="Ada")
    pull(connection)

    assert ours_of(connection, "people", ada).first_name == "Ada"


@pytest.mark.parametrize("shape", [Shape(is_sorted=False)], indirect=True)
def test_unsorted_stream_counts_from_the_start_of_its_run(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.rules.page_size = 2
    ids = [mirror.add("people", email=f"p{number}@x.test") for number in range(5)]
    pull(connection)
    mirror.edit("people", ids[0], title="CEO")

    pull(connection)

    assert ours_of(connection, "people", ids[0]).title == "CEO"
    hub_check(connection, mirror)


def test_pull_cut_off_goes_on_where_it_was(connection: Connection, mirror: MirrorVendor) -> None:
    mirror.rules.page_size = 2
    for number in range(6):
        mirror.add("people", email=f"p{number}@x.test")
    mirror.always = lambda kind, body: (
        Trouble(status=500) if kind == "list" and "after" in body else None
    )
    pull(connection)
    assert Contact.objects.count() == 2
    state = SyncState.objects.get(connection=connection, object="people")
    assert state.run_cursor is not None
    assert state.last_error
    mirror.always = None
    time_passes(3600)

    pull(connection)

    assert Contact.objects.count() == 6
    firsts = [one for one in mirror.calls if one.object == "people" and "after" not in one.body]
    assert len(firsts) == 1
    hub_check(connection, mirror)


def test_stream_that_is_not_live_is_not_pulled(mirror: MirrorVendor, workspace: object) -> None:
    connection = mirror_connection(workspace, stage=SyncStage.REHEARSED)  # type: ignore[arg-type]
    mirror.add("people", email="ada@x.test")

    pull(connection)

    assert mirror.calls == []


def test_link_to_what_is_not_there_yet_waits_and_is_resolved(
    connection: Connection, mirror: MirrorVendor
) -> None:
    acme = mirror.add("companies", domain="acme.test", name="Acme")
    ada = mirror.add("people", email="ada@acme.test", company_id=acme)
    SyncState.objects.filter(connection=connection, object="companies").update(is_enabled=False)
    pull(connection, "people")
    link = SyncRecord.objects.get(external_id=ada)
    assert link.waits_for == [f"companies:{acme}"]
    assert "account" in link.problems

    SyncState.objects.filter(connection=connection, object="companies").update(is_enabled=True)
    pull(connection, "companies")
    work()

    assert ours_of(connection, "people", ada).account.name == "Acme"
    link.refresh_from_db()
    assert (link.waits_for, link.problems) == ([], {})
    assert mirror.writes() == []


def test_record_that_cannot_be_taken_over_is_set_aside_and_goes_once_mended(
    connection: Connection, mirror: MirrorVendor
) -> None:
    nameless = mirror.add("companies", domain="acme.test", name="")
    mirror.add("companies", domain="other.test", name="Other")

    pull(connection)
    assert Account.objects.get().name == "Other"
    item = QuarantinedItem.objects.get()
    assert (item.external_id, item.code, item.fields) == (nameless, "required", ["name"])

    mirror.edit("companies", nameless, name="Acme")
    pull(connection)

    assert ours_of(connection, "companies", nameless).name == "Acme"
    assert not QuarantinedItem.objects.exists()


def test_value_without_counterpart_is_told_and_the_rest_is_taken_over(
    connection: Connection, mirror: MirrorVendor
) -> None:
    ada = mirror.add("people", email="ada@x.test", first_name="Ada", status="martian")

    pull(connection)

    assert ours_of(connection, "people", ada).first_name == "Ada"
    link = SyncRecord.objects.get(external_id=ada)
    assert list(link.problems) == ["lifecycle"]
    assert mirror.writes() == []


def test_record_of_ours_with_the_same_key_is_linked_not_doubled(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mine = Contact.objects.create(
        workspace=connection.workspace, email="ada@x.test", title="Our title"
    )
    ada = mirror.add("people", email="ada@x.test", first_name="Ada")

    pull(connection)
    work()

    mine.refresh_from_db()
    assert (mine.first_name, mine.title) == ("Ada", "Our title")
    assert SyncRecord.objects.get().external_id == ada
    assert mirror.value("people", ada, "title") == "Our title"
    hub_check(connection, mirror)


def test_pull_is_in_the_ledger_and_the_log(connection: Connection, mirror: MirrorVendor) -> None:
    mirror.add("people", email="ada@x.test")

    pull(connection, "people")

    run = SyncRun.objects.get(connection=connection, object="people")
    assert (run.status, run.created, run.requests) == ("success", 1, 1)
    origins = set(Change.objects.values_list("origin_kind", "origin_id"))
    assert origins == {("connection", f"{connection.pk}:{run.pk}")}


def test_one_way_stream_takes_over_and_never_sends(
    connection: Connection, mirror: MirrorVendor, person: str, desk: object
) -> None:
    SyncState.objects.filter(connection=connection).update(direction="pull")
    contact = ours_of(connection, "people", person)
    desk.edit(contact, title="Ours only")  # type: ignore[attr-defined]
    work()
    assert mirror.writes() == []

    mirror.edit("people", person, last_name="King")
    pull(connection)

    contact.refresh_from_db()
    assert (contact.last_name, contact.title) == ("King", "Ours only")


@pytest.mark.prove
def test_mapping_change_with_many_links_pushes_nothing(
    connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.rules.page_size = 500
    for number in range(LINKS):
        mirror.add("people", email=f"p{number}@x.test", first_name=f"P{number}", title="t")
    pull_out(connection)
    assert SyncRecord.objects.filter(connection=connection).count() == LINKS
    before = ours_versions(connection)
    mirror.forget_calls()

    for row in FieldMapping.objects.filter(object="people", path__in=("title", "phone")):
        field_update(row, values={"rule": "ours_wins"}, actor=None)
    row = FieldMapping.objects.get(object="people", path="last_name")
    field_update(row, values={"transform": [{"kind": "text"}]}, actor=None)
    pull_out(connection)
    work()

    # All were compared by the new mapping.
    compared = SyncRun.objects.filter(connection=connection, object="people", kind=RunKind.FULL)
    assert [run.total for run in compared.order_by("pk")] == [LINKS, LINKS]
    assert mirror.writes() == []
    assert ours_versions(connection) == before
    hub_check(connection, mirror)


def test_new_field_in_the_mapping_is_taken_from_the_first_side_without_a_push(
    connection: Connection, mirror: MirrorVendor
) -> None:
    row = FieldMapping.objects.filter(connection=connection, object="people", path="title")
    row.update(is_enabled=False)
    ids = [
        mirror.add("people", email=f"p{number}@x.test", title=f"Title {number}")
        for number in range(5)
    ]
    pull(connection)
    row.update(is_enabled=True)
    SyncState.objects.filter(connection=connection).update(mapping_version=F("mapping_version") + 1)
    mirror.forget_calls()

    pull(connection, is_full=True)

    assert mirror.writes() == []
    assert [ours_of(connection, "people", id).title for id in ids] == [
        f"Title {number}" for number in range(5)
    ]
    assert quiesce(connection, mirror) == 1


def test_nothing_is_pulled_while_the_disk_is_nearly_full(
    connection: Connection, mirror: MirrorVendor, settings: Any, tmp_path: Path
) -> None:
    settings.GROWING_FOLDERS, settings.DISK_RESERVE_BYTES = [tmp_path], 2**60
    ada = mirror.add("people", email="ada@acme.test", first_name="Ada")
    out = StringIO()

    pull(connection)
    with pytest.raises(SystemExit):
        call_command("sync", "--connection", str(connection.pk), stdout=out)

    # Not even due, else each pump would wake the next one.
    assert (is_work_due(), seconds_until_due()) == (False, None)
    assert not mirror.calls
    assert f"GiB free in {tmp_path}, less than the reserve" in out.getvalue()
    settings.DISK_RESERVE_BYTES = 0
    assert is_work_due()
    pump(20)
    assert ours_of(connection, "people", ada).first_name == "Ada"
