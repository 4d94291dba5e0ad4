"""A connection to a small CRM, with rows and links as tests want them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crm.models import Workspace
from integrations.hub.models import Connection, SyncRecord, SyncState
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mapping import pocket


@pytest.fixture
def vendor() -> Iterator[pocket.Vendor]:
    with pocket.installed() as vendor:
        yield vendor


@pytest.fixture
def connection(workspace: Workspace, vendor: pocket.Vendor) -> Connection:
    connection = connection_make(workspace, provider="pocket")
    for order, stream in enumerate(pocket.provider.streams):
        SyncState.objects.create(
            connection=connection,
            object=stream.object,
            record_type=stream.record_type,
            order=order,
        )
    return connection


def link_make(
    connection: Connection, object: str, external_id: str, local_id: int, **fields: object
) -> SyncRecord:
    stream = pocket.provider.stream(object)
    assert stream is not None
    return SyncRecord.objects.create(
        connection=connection,
        object=object,
        record_type=stream.record_type,
        external_id=external_id,
        local_id=local_id,
        **fields,
    )


def version_of(connection: Connection, object: str = "person") -> int:
    return SyncState.objects.get(connection=connection, object=object).mapping_version
