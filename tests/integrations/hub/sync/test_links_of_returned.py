"""Links to things that were away for a while: who dropped them, the vendor or a person?"""

from __future__ import annotations

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from crm.models import Account, Contact
from integrations.hub.models import (
    Connection,
    ConnectionState,
    FieldMapping,
    JobState,
    LinkState,
    SyncConflict,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync import pulls
from integrations.hub.sync.away import away_note
from integrations.hub.words import DROPPED_LATE, WAITS
from integrations.hub.work_lines import work_lines
from tests import factories
from tests.integrations.hub.mirror import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.lateness import passed_by, told
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    ours_of,
    pull,
    quiesce,
    streams_due,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


def has_its_link(connection: Connection, mirror: MirrorVendor, ada: str, acme: str) -> bool:
    is_here = ours_of(connection, "people", ada).account_id == Account.objects.get().pk
    return is_here and mirror.value("people", ada, "company_id") == acme


def test_link_stays_that_a_lagging_list_has_shown_after_the_deletion(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    mirror.tables.lists_stand_still()
    mirror.remove("companies", acme)
    deletion = mirror.events_take()
    mirror.edit("people", ada, company_id="")
    mirror.events_take()
    deliver(connection, deletion)
    work()
    pull(connection, "people", is_full=True)
    mirror.tables.lists_catch_up()
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")

    quiesce(connection, mirror)

    assert has_its_link(connection, mirror, ada, acme)


def test_link_stays_that_the_vendor_drops_some_time_after_the_deletion(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    mirror.remove("companies", acme)
    told(connection, mirror, "companies")
    mirror.edit("people", ada, title="Countess")
    told(connection, mirror, "people")
    mirror.edit("people", ada, company_id="")
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")

    quiesce(connection, mirror)

    assert has_its_link(connection, mirror, ada, acme)


def test_link_stays_that_was_dropped_while_another_field_was_sent(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk
) -> None:
    def deleted() -> None:
        mirror.remove("companies", acme)
        mirror.edit("people", ada, company_id="")
        away_note([SyncRecord.objects.get(object="companies").pk])

    mirror.script.append(Trouble("write", before=deleted))
    desk.edit(ours_of(connection, "people", ada), title="Countess")
    pump(60)
    assert mirror.get("companies", acme).is_deleted
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")

    quiesce(connection, mirror)

    assert has_its_link(connection, mirror, ada, acme)


def test_link_that_a_person_takes_away_hours_after_a_restore_is_taken_away_here(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    """The vendor has kept the link; it is seen once more when all that could go has gone."""
    passed_by(connection, mirror)
    mirror.remove("companies", acme)
    told(connection, mirror, "companies")
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")
    time_passes(700)
    work()
    time_passes(7200)

    mirror.edit("people", ada, company_id="")
    pull(connection)
    work()

    assert ours_of(connection, "people", ada).account_id is None
    assert mirror.value("people", ada, "company_id") == ""


@pytest.mark.parametrize("status", [403, 422])
def test_link_whose_thing_may_not_be_asked_for_holds_up_no_other_record(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk, status: int
) -> None:
    others = [mirror.add("people", email=f"p{number}@x.test", last_name="P") for number in range(3)]
    quiesce(connection, mirror)
    mirror.always = lambda kind, body: Trouble(
        status=status if kind == "read" and acme in body["ids"] else 0
    )
    mirror.edit("people", ada, company_id="")
    for one in (ada, *others):
        desk.edit(ours_of(connection, "people", one), title="Countess")

    work()
    work()

    assert [mirror.value("people", one, "title") for one in (ada, *others)] == ["Countess"] * 4
    assert ours_of(connection, "people", ada).account_id == Account.objects.get().pk
    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    assert not SyncJob.objects.filter(state=JobState.DEAD).exists()


def test_deletion_that_is_heard_while_its_thing_is_asked_for_is_not_forgotten(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    def deleted() -> None:
        mirror.remove("companies", acme)
        away_note([SyncRecord.objects.get(object="companies").pk])

    mirror.rules.lists_deleted = False
    mirror.edit("people", ada, company_id="")
    mirror.script += [Trouble("list"), Trouble("read"), Trouble("read", after=deleted)]
    pull(connection, "people")
    work()

    pull(connection, "companies")
    work()

    assert SyncRecord.objects.get(object="companies").state == LinkState.TOMBSTONE
    assert Contact.objects.get().account_id == Account.objects.get().pk


def test_link_is_sent_again_once_ours_of_what_was_away_is_restored_here(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk
) -> None:
    desk.archive(Account.objects.get())
    work()
    mirror.remove("companies", acme)
    told(connection, mirror, "companies")
    mirror.edit("people", ada, company_id="")
    pull(connection, "people")
    work()
    passed_by(connection, mirror)
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")

    desk.restore(Account.objects.get())
    work()

    assert has_its_link(connection, mirror, ada, acme)


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_link_is_sent_again_where_the_vendor_cannot_be_asked(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str
) -> None:
    mirror.remove("companies", acme)
    pull(connection, "companies")
    mirror.edit("people", ada, company_id="")
    mirror.restore("companies", acme)
    pull(connection, "companies")

    quiesce(connection, mirror)
    time_passes(86_400)
    pull(connection, is_full=True)
    work()

    assert has_its_link(connection, mirror, ada, acme)


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_link_leads_to_what_was_made_again_where_the_vendor_cannot_be_asked(
    connection: Connection, mirror: MirrorVendor, acme: str, ada: str, desk: Desk
) -> None:
    mirror.rules.lists_deleted = False
    mirror.remove("companies", acme)
    mirror.edit("people", ada, company_id="")
    desk.edit(Account.objects.get(), city="Rome")
    work()

    quiesce(connection, mirror)

    again = SyncRecord.objects.get(object="companies", state=LinkState.ACTIVE).external_id
    assert has_its_link(connection, mirror, ada, again)


@pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)
def test_edit_of_theirs_that_loses_is_kept_where_the_vendor_cannot_be_asked(
    connection: Connection, mirror: MirrorVendor, ada: str, desk: Desk
) -> None:
    """What the list has shown is all that the job, which sends ours, can know."""
    FieldMapping.objects.filter(object="people", path="title").update(rule="ours_wins")
    SyncState.objects.filter(object="people").update(mapping_version=F("mapping_version") + 1)
    mirror.edit("people", ada, title="Theirs")
    desk.edit(ours_of(connection, "people", ada), title="Ours")
    streams_due(connection, "people")
    pulls.turn(connection.pk)
    work()

    assert mirror.value("people", ada, "title") == "Ours"
    assert [one.theirs for one in SyncConflict.objects.filter(field="title")] == ["Theirs"]


def test_look_that_waits_says_until_when_and_what_for(
    connection: Connection,
    mirror: MirrorVendor,
    acme: str,
    ada: str,
    client: Client,
    operator_client: Client,
) -> None:
    passed_by(connection, mirror)
    mirror.remove("companies", acme)
    told(connection, mirror, "companies")
    mirror.restore("companies", acme)
    told(connection, mirror, "companies")

    [line] = [one for one in work_lines(connection, connection.jobs.all()) if one.due_at]
    assert (line.record, line.waits) == (f"people {ada}", WAITS[DROPPED_LATE])
    client.force_login(factories.membership_make(connection.workspace).user)
    page = client.get(reverse("hub:connection_detail", args=[connection.pk])).content.decode()
    assert WAITS[DROPPED_LATE] in page
    console = operator_client.get(
        reverse("admin:hub_syncjob_change", args=[line.job.pk])
    ).content.decode()
    assert WAITS[DROPPED_LATE] in console

    time_passes(700)
    work()

    assert not [one for one in work_lines(connection, connection.jobs.all()) if one.due_at]
