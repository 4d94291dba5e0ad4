"""What is made or linked again: after a lost answer, a restore, or a record typed in anew."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.hub.models import Connection, LinkState, SyncJob, SyncRecord, WriteIntent
from integrations.hub.pump import pump
from integrations.hub.streams import Hint, RemoteRecord
from integrations.hub.sync.inbound import hints_take
from integrations.hub.sync.scene import scene_of
from integrations.hub.sync.sweeping import left_behind
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, link_of, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("shape", [Shape(has_markers=False, can_find=False)], indirect=True)
def test_make_in_doubt_keeps_its_key_though_the_repeat_is_held_back(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.script = [
        Trouble("write", is_reset=True),
        Trouble("write", status=429, headers={"Retry-After": "1"}),
    ]
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")

    for _ in range(3):
        work()
        time_passes(120)

    assert WriteIntent.objects.filter(kind="make").count() == 1
    assert link_of(connection, contact).external_id == mirror.live("people")[0].id


def test_record_typed_in_anew_takes_over_what_an_archived_one_had(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    ada = mirror.add("people", email="ada@acme.test", first_name="Ada")
    first = desk.make("contact", email="ada@acme.test", last_name="Byron")
    work()
    desk.archive(first)
    work()

    second = desk.make("contact", email="ada@acme.test", last_name="Lovelace")
    work()

    assert link_of(connection, second).external_id == ada
    assert len(mirror.live("people")) == 1
    assert not SyncJob.objects.filter(state="dead").exists()


def test_restore_that_no_job_told_is_found_by_the_sweep(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    contact = desk.make("contact", email="ada@acme.test", first_name="Ada")
    work()
    desk.archive(contact)
    work()
    assert SyncRecord.objects.get(local_id=contact.pk).state == LinkState.TOMBSTONE
    desk.restore(contact)
    SyncJob.objects.all().delete()
    state = connection.sync_states.get(object="people")

    assert [one.pk for one in left_behind(scene_of(state))] == [contact.pk]
    SyncRecord.objects.update(reason="Gone at the vendor.", state_at=timezone.now())
    assert not left_behind(scene_of(state)).exists()


@pytest.mark.parametrize("shape", [Shape(has_markers=False, can_read=False)], indirect=True)
def test_told_stranger_does_not_wait_for_a_look_that_nobody_can_take(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    mirror.script = [Trouble("write", is_reset=True)]
    desk.make("contact", email="ada@acme.test", first_name="Ada")
    pump(5)
    assert WriteIntent.objects.filter(kind="make", outcome="unknown").exists()
    told = RemoteRecord("eve", {"email": "eve@acme.test"}, modified_at=timezone.now())

    hints_take(connection, [Hint("people", "eve", record=told)], received_at=timezone.now())

    assert SyncRecord.objects.filter(external_id="eve").exists()
