"""What was set aside of ours leaves the list when it is settled, however that came about."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from crm.models import Contact, User
from integrations.hub import aside_tries
from integrations.hub.models import (
    Connection,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.sync.quarantine import DELETED_HERE
from integrations.hub.sync.reconciling import reconcile_now
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.asides.steps import refused_make, retry
from tests.integrations.hub.sync.test_deletes import policy
from tests.integrations.hub.sync.world import (
    Desk,
    deliver,
    link_of,
    pull,
    quiesce,
    time_passes,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_archived_here_and_changed_there_leaves_the_list_when_ours_is_restored(
    connection: Connection, mirror: MirrorVendor, disputed: Contact, state: SyncState, desk: Desk
) -> None:
    desk.restore(disputed)

    work()
    quiesce(connection, mirror)

    assert not QuarantinedItem.objects.exists()
    assert reconcile_now(state).details["percent"] == 100


@pytest.mark.parametrize("way", ["hint", "delta", "push"])
def test_archived_here_and_changed_there_leaves_the_list_when_theirs_is_deleted(
    connection: Connection,
    mirror: MirrorVendor,
    disputed: Contact,
    person: str,
    state: SyncState,
    actor: User,
    way: str,
) -> None:
    mirror.remove("people", person)

    if way == "hint":
        deliver(connection, mirror.events_take())
        work()
    elif way == "delta":
        pull(connection)
    else:
        retry(state, actor)

    assert not QuarantinedItem.objects.exists()


def test_archived_here_and_changed_there_stays_while_both_are_as_they_were(
    connection: Connection,
    mirror: MirrorVendor,
    disputed: Contact,
    person: str,
    state: SyncState,
    actor: User,
) -> None:
    retry(state, actor)
    quiesce(connection, mirror)

    assert QuarantinedItem.objects.get().code == DELETED_HERE
    assert [one.id for one in mirror.live("people")] == [person]


def test_archived_here_and_changed_there_stays_while_the_vendor_cannot_be_asked(
    mirror: MirrorVendor, disputed: Contact, person: str, state: SyncState, actor: User
) -> None:
    mirror.always = lambda kind, body: Trouble(status=503)
    mirror.remove("people", person)
    retry(state, actor)
    assert QuarantinedItem.objects.exists()
    assert SyncJob.objects.filter(kind="push", state="ready").exists()

    mirror.always = None
    Connection.objects.update(gate_until=None)
    time_passes(3600)
    work()

    assert not QuarantinedItem.objects.exists()


def test_archived_here_and_changed_there_leaves_the_list_when_theirs_are_to_stay(
    connection: Connection, disputed: Contact, state: SyncState, actor: User
) -> None:
    policy(connection, on_our_delete="leave")

    retry(state, actor)

    assert not QuarantinedItem.objects.exists()


def test_refused_make_leaves_the_list_when_ours_is_archived(
    refused: Contact, state: SyncState, desk: Desk
) -> None:
    desk.archive(refused)

    work()

    assert not QuarantinedItem.objects.exists()


def test_refused_make_leaves_the_list_when_ours_is_erased(
    refused: Contact, state: SyncState, actor: User
) -> None:
    Contact.objects.filter(pk=refused.pk).delete()

    retry(state, actor)

    assert not QuarantinedItem.objects.exists()


def test_refused_make_stays_while_the_vendor_refuses(
    mirror: MirrorVendor, refused: Contact, state: SyncState, actor: User
) -> None:
    mirror.always = lambda kind, body: Trouble(status=422) if kind == "write" else None

    retry(state, actor)

    assert QuarantinedItem.objects.get().local_id == refused.pk


def test_record_that_has_a_link_leaves_the_list(
    contact: Contact, state: SyncState, actor: User
) -> None:
    QuarantinedItem.objects.create(
        connection=state.connection,
        object="people",
        record_type="contact",
        local_id=contact.pk,
        code="invalid",
    )

    retry(state, actor)

    assert not QuarantinedItem.objects.exists()


def test_record_whose_counterpart_was_merged_stays_while_it_is_not_archived(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    state: SyncState,
    desk: Desk,
    actor: User,
) -> None:
    other = mirror.add("people", email="ada@other.test")
    pull(connection)
    twin = Contact.objects.exclude(pk=contact.pk).get()
    mirror.merge("people", person, other)
    quiesce(connection, mirror)
    retry(state, actor)
    assert QuarantinedItem.objects.get(local_id=twin.pk).code == "merged"

    desk.archive(twin)
    work()
    assert not QuarantinedItem.objects.exists()

    desk.restore(twin)
    work()
    assert QuarantinedItem.objects.get(local_id=twin.pk).code == "merged"


def test_those_that_stay_leave_the_others_their_turn(
    connection: Connection,
    mirror: MirrorVendor,
    state: SyncState,
    desk: Desk,
    actor: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aside_tries, "AT_ONCE", 2)
    pull(connection)
    taken = refused_make(mirror, desk, "taken@x.test")
    apart = [desk.make("contact", last_name="Apart", email=f"{n}@x.test") for n in range(2)]
    work()
    for one in apart:
        link = link_of(connection, one)
        SyncRecord.objects.filter(pk=link.pk).update(
            state=LinkState.TOMBSTONE, reason="Merged into p-1 at the vendor.", state_at=Now()
        )
        QuarantinedItem.objects.create(
            connection=connection,
            object="people",
            record_type="contact",
            local_id=one.pk,
            code="merged",
            last_at="2020-01-01T00:00:00Z",
        )

    retry(state, actor)
    retry(state, actor)

    assert "taken@x.test" in [one.values["email"] for one in mirror.live("people")]
    left = QuarantinedItem.objects.values_list("local_id", flat=True)
    assert set(left) == {one.pk for one in apart}
    assert taken.pk not in left
