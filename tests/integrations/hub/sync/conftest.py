"""The mirror provider and its vendor on a free port; a live connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm.models import Contact, Workspace
from integrations.hub import registry
from integrations.hub.models import Connection
from tests.integrations.hub.mirror import Shape, mirror_connection, provider_make
from tests.integrations.hub.mirror_vendor import MirrorVendor, running_vendor
from tests.integrations.hub.sync.world import Desk, ours_of, pull, quiesce


@pytest.fixture
def shape(request: pytest.FixtureRequest) -> Shape:
    """What the provider declares; a test names another by an indirect parameter."""
    return getattr(request, "param", Shape())


@pytest.fixture
def mirror(shape: Shape, settings: Any) -> Iterator[MirrorVendor]:
    """The vendor, with the provider registered."""
    registry.add(provider_make(shape))
    with running_vendor() as vendor:
        settings.NEXA_SANDBOX_URL = vendor.url
        vendor.rules.is_guarded = shape.is_guarded
        vendor.rules.has_markers = shape.has_markers
        yield vendor
    registry.remove("mirror")


@pytest.fixture
def connection(workspace: Workspace, mirror: MirrorVendor) -> Connection:
    return mirror_connection(workspace)


@pytest.fixture
def desk(connection: Connection) -> Desk:
    """Our people at work."""
    return Desk(connection)


@pytest.fixture
def person(connection: Connection, mirror: MirrorVendor) -> str:
    """A person of theirs who is linked with a contact of ours; the id there."""
    id = mirror.add(
        "people", email="ada@acme.test", first_name="Ada", last_name="Byron", phone="+4930123456"
    )
    pull(connection)
    mirror.forget_calls()
    mirror.events_take()
    return id


@pytest.fixture
def contact(connection: Connection, person: str) -> Contact:
    """Our contact of the linked person."""
    return ours_of(connection, "people", person)


@pytest.fixture
def acme(connection: Connection, mirror: MirrorVendor) -> str:
    """A company of theirs."""
    return mirror.add("companies", name="Acme", domain="acme.test")


@pytest.fixture
def ada(connection: Connection, mirror: MirrorVendor, acme: str) -> str:
    """A person of theirs that leads to it; both are in step here."""
    id = mirror.add("people", email="ada@acme.test", last_name="Byron", company_id=acme)
    quiesce(connection, mirror)
    mirror.events_take()
    return id
