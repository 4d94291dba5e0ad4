"""What was set aside of ours on a stream that only pulls by now: nothing more is sent there."""

from __future__ import annotations

import pytest

from crm.models import Contact, User
from integrations.hub import aside_tries
from integrations.hub.models import Connection, QuarantinedItem, SyncDirection, SyncState
from integrations.hub.sync.reconciling import reconcile_now
from integrations.hub.sync.steering import by_operator, stream_configure
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.asides.steps import retry
from tests.integrations.hub.sync.world import quiesce

pytestmark = pytest.mark.django_db(transaction=True)


def pull_only(state: SyncState) -> None:
    stream_configure(state, values={"direction": SyncDirection.PULL}, origin=by_operator(None))


def test_refused_make_leaves_the_list_when_nothing_is_sent_any_more(
    connection: Connection, mirror: MirrorVendor, refused: Contact, state: SyncState
) -> None:
    pull_only(state)

    assert not QuarantinedItem.objects.exists()
    state.refresh_from_db()
    assert reconcile_now(state).details["counts"]["quarantined"] == 0
    quiesce(connection, mirror)
    assert not mirror.live("people")


def test_refused_make_is_made_when_all_is_sent_again(
    connection: Connection, mirror: MirrorVendor, refused: Contact, state: SyncState
) -> None:
    pull_only(state)
    state.refresh_from_db()
    both = {"direction": SyncDirection.BOTH}
    stream_configure(state, values=both, origin=by_operator(None))

    quiesce(connection, mirror)

    assert [one.values["email"] for one in mirror.live("people")] == ["nobody@x.test"]


def test_archived_here_and_changed_there_leaves_the_list_when_nothing_is_sent_any_more(
    connection: Connection, mirror: MirrorVendor, disputed: Contact, person: str, state: SyncState
) -> None:
    pull_only(state)
    quiesce(connection, mirror)

    assert not QuarantinedItem.objects.exists()
    assert [one.id for one in mirror.live("people")] == [person]


def test_what_stays_of_theirs_or_of_other_streams_when_one_only_pulls(
    refused: Contact, state: SyncState
) -> None:
    kept = {"connection": state.connection, "record_type": "contact", "code": "invalid"}
    QuarantinedItem.objects.create(**kept, object="people", external_id="strange")
    QuarantinedItem.objects.create(**kept, object="companies", local_id=refused.pk)
    merged = {**kept, "code": "merged"}
    QuarantinedItem.objects.create(**merged, object="people", local_id=refused.pk + 1)

    pull_only(state)

    left = QuarantinedItem.objects.order_by("object", "code")
    assert list(left.values_list("object", "code")) == [
        ("companies", "invalid"),
        ("people", "invalid"),
        ("people", "merged"),
    ]


def test_refused_make_of_a_stream_that_only_pulls_leaves_the_list_when_it_is_tried(
    mirror: MirrorVendor, refused: Contact, state: SyncState, actor: User
) -> None:
    """As it stands where the direction was changed long ago."""
    SyncState.objects.filter(pk=state.pk).update(direction=SyncDirection.PULL)
    state.refresh_from_db()
    assert aside_tries.is_any_tried(state)

    retry(state, actor)

    assert not QuarantinedItem.objects.exists()
    assert not mirror.live("people")
