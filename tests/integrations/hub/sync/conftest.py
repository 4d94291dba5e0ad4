"""The mirror provider and its vendor on a free port; a live connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm.models import Workspace
from integrations.hub import registry
from integrations.hub.models import Connection
from tests.integrations.hub.mirror import Shape, mirror_connection, provider_make
from tests.integrations.hub.mirror_vendor import MirrorVendor, running_vendor


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
