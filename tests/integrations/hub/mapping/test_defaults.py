"""The mappings that providers bring: each row passes the checks that a person's row must pass."""

from __future__ import annotations

import pytest

from crm.models import Workspace
from integrations.hub import registry
from integrations.hub.mapping.checks import row_check, value_check
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.mapping.stored import mapper_of
from integrations.hub.mapping.tables import Tables
from integrations.hub.models import FieldMapping, ValueMapping
from tests.integrations.hub.conftest import connection_make

pytestmark = pytest.mark.django_db

WITH_STREAMS = [one.id for one in registry.all_providers() if one.streams]


@pytest.mark.parametrize("provider_id", WITH_STREAMS)
def test_default_rows_of_a_provider_pass_the_checks(provider_id: str, workspace: Workspace) -> None:
    connection = connection_make(workspace, provider=provider_id)
    for stream in connection.declaration.streams:
        defaults_ensure(connection, stream)

    for stream in connection.declaration.streams:
        rows = list(FieldMapping.objects.filter(connection=connection, object=stream.object))
        for row in rows:
            row_check(row, stream, others=rows, fields=())
        mapper = mapper_of(connection, stream, Tables(connection))
        assert {one.path for one in rows} >= {one.path for one in mapper.rows}
    for value in ValueMapping.objects.filter(connection=connection):
        value_check(value)


def test_some_provider_has_streams() -> None:
    assert WITH_STREAMS
