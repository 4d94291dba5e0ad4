"""What a connection is given: streams, mapping, people and pipelines; nothing runs by itself."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Contact, Pipeline, Workspace
from integrations.hub import leases
from integrations.hub.connections import connection_create
from integrations.hub.errors import HubError
from integrations.hub.models import (
    Connection,
    FieldMapping,
    OwnershipMapping,
    SyncStage,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync.provisioning import people_sweep, streams_sweep
from integrations.hub.sync.references import references_pull
from tests import factories
from tests.integrations.hub.mirror_vendor import API_KEY, MirrorVendor, Trouble

pytestmark = pytest.mark.django_db(transaction=True)


def connected(workspace: Workspace, **more: Any) -> Connection:
    return connection_create(
        workspace=workspace,
        provider_id="mirror",
        name=factories.unique("Mirror"),
        credentials={"api_key": API_KEY},
        settings={},
        actor=None,
        **more,
    )


def stages(connection: Connection) -> set[str]:
    return set(SyncState.objects.filter(connection=connection).values_list("stage", flat=True))


def test_new_connection_has_its_streams_and_default_mapping(
    workspace: Workspace, mirror: MirrorVendor
) -> None:
    connection = connected(workspace)

    objects = SyncState.objects.filter(connection=connection).values_list("object", flat=True)
    assert list(objects) == ["companies", "people"]
    assert FieldMapping.objects.filter(connection=connection, object="people").exists()


def test_new_connection_neither_pulls_nor_pushes(
    workspace: Workspace, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="ada@acme.test", last_name="Byron")
    connection = connected(workspace)

    pump(10)

    assert stages(connection) == {SyncStage.NEW}
    assert mirror.count("list") == 0
    assert not Contact.objects.exists()


def test_new_connection_goes_live_when_told_to(workspace: Workspace, mirror: MirrorVendor) -> None:
    mirror.add("people", email="ada@acme.test", last_name="Byron")
    connection = connected(workspace, goes_live=True)

    pump(30)

    assert stages(connection) == {SyncStage.LIVE}
    assert Contact.objects.get().email == "ada@acme.test"


def test_tick_gives_streams_that_the_provider_gained(
    workspace: Workspace, mirror: MirrorVendor
) -> None:
    connection = connected(workspace)
    SyncState.objects.filter(connection=connection, object="people").delete()

    assert streams_sweep() == 1

    assert stages(connection) == {SyncStage.NEW}
    assert SyncState.objects.filter(connection=connection).count() == 2
    assert streams_sweep() == 0


def test_people_and_pipelines_are_fetched_once_a_day(
    workspace: Workspace, mirror: MirrorVendor
) -> None:
    connection = connected(workspace)

    assert people_sweep() == 1
    assert people_sweep() == 0

    assert OwnershipMapping.objects.filter(connection=connection).count() == 2
    assert Pipeline.objects.filter(workspace=workspace, name="Sales").exists()
    assert mirror.count("users") == 1


def test_people_that_could_not_be_fetched_are_tried_again_later(
    workspace: Workspace, mirror: MirrorVendor
) -> None:
    connection = connected(workspace)
    mirror.script.append(Trouble("users", status=500))

    with pytest.raises(HubError):
        references_pull(connection)

    assert leases.take(f"references:{connection.pk}", 1) is None
    assert not OwnershipMapping.objects.exists()
