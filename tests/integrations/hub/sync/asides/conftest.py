"""Records of ours that a stream has set aside."""

from __future__ import annotations

import pytest

from crm.models import Contact, User
from integrations.hub.models import Connection, QuarantinedItem, SyncState
from integrations.hub.sync.quarantine import DELETED_HERE
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.asides.steps import refused_make
from tests.integrations.hub.sync.test_deletes import policy
from tests.integrations.hub.sync.world import Desk, pull, work


@pytest.fixture
def state(connection: Connection) -> SyncState:
    return SyncState.objects.get(connection=connection, object="people")


@pytest.fixture
def actor(connection: Connection) -> User:
    return factories.membership_make(connection.workspace).user


@pytest.fixture
def disputed(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> Contact:
    """Archived here, changed there since: what is to become of theirs is a person's to say."""
    policy(connection, on_our_delete="delete")
    mirror.edit("people", person, title="Theirs anew")
    desk.archive(contact)
    work()
    mirror.events_take()
    assert QuarantinedItem.objects.get().code == DELETED_HERE
    return contact


@pytest.fixture
def refused(connection: Connection, mirror: MirrorVendor, desk: Desk) -> Contact:
    """One that the vendor did not take, and would take now."""
    pull(connection)
    return refused_make(mirror, desk, "nobody@x.test")
