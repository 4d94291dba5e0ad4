"""Default rows that a provider has gained since: offered once, then added or left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from crm.models import Change, User
from integrations.hub import registry
from integrations.hub.mapping.default_rows import defaults_new
from integrations.hub.mapping.edits import defaults_ensure, field_delete, field_update
from integrations.hub.merge import Base
from integrations.hub.models import (
    Connection,
    FieldMapping,
    SyncRecord,
    SyncStage,
    SyncState,
    ValueMapping,
)
from integrations.hub.streams import MappingRow, Stream, ValueRow
from integrations.hub.sync.provisioning import streams_sweep
from integrations.hub.sync.scene import scene_of
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import link_make, version_of

pytestmark = pytest.mark.django_db

MIGRATION = import_module("integrations.hub.migrations.0011_offered_rows_of_present_mappings")
NEW_ROWS = (
    MappingRow("source", "origin", ({"kind": "picklist", "name": "origins"},)),
    MappingRow("mobile", "unit"),
)
GROWN = replace(
    pocket.PEOPLE,
    mapping=(*pocket.PEOPLE.mapping, *NEW_ROWS),
    values={**pocket.PEOPLE.values, "origins": (ValueRow("w", "web", "Web"),)},
)


@pytest.fixture
def grown(connection: Connection) -> Iterator[Stream]:
    """The connection as it was made, and the provider as its next version has it."""
    states = SyncState.objects.filter(connection=connection)
    states.filter(object="person").update(stage=SyncStage.LIVE)
    states.filter(object="deal").delete()
    defaults_ensure(connection, pocket.PEOPLE)
    registry.remove("pocket")
    registry.add(replace(pocket.provider, streams=(GROWN, pocket.DEALS)))
    yield GROWN
    registry.remove("pocket")
    registry.add(pocket.provider)


def offered(connection: Connection) -> list[str]:
    return [row.path for row in defaults_new(connection, GROWN)]


def page(client: Client, connection: Connection) -> str:
    return client.get(reverse("hub:mapping_list", args=[connection.pk, "person"])).content.decode()


def decide(client: Client, connection: Connection, act: str, *paths: str) -> str:
    url = reverse("hub:mapping_defaults", args=[connection.pk, "person"])
    return client.post(url, {"act": act, "path": paths}, follow=True).content.decode()


def test_new_connection_is_offered_nothing(connection: Connection) -> None:
    defaults_ensure(connection, GROWN)

    assert offered(connection) == []


def test_rows_gained_since_are_listed_where_they_are_decided(
    connection: Connection, grown: Stream, admin_client: Client, sales_client: Client
) -> None:
    shown = page(admin_client, connection)
    detail = reverse("hub:connection_detail", args=[connection.pk])

    assert "2 default rows to decide on" in shown
    assert '<span class="strong">source</span> ↔ origin' in shown
    assert "2 default rows to decide on" in admin_client.get(detail).content.decode()
    assert "to decide on" not in sales_client.get(detail).content.decode()


def test_added_row_has_its_list_a_version_and_a_name_in_the_ledger(
    connection: Connection, grown: Stream, admin_client: Client, admin: User
) -> None:
    version = version_of(connection)

    said = decide(admin_client, connection, "add", "source")

    row = FieldMapping.objects.get(connection=connection, path="source")
    assert "1 row added: source ↔ origin" in said
    assert row.order == len(pocket.PEOPLE.mapping)
    assert ValueMapping.objects.filter(connection=connection, name="origins").count() == 1
    assert version_of(connection) > version
    assert Change.objects.get(record_type="fieldmapping", record_id=row.pk).actor == admin
    assert offered(connection) == ["mobile"]


def test_row_that_makes_no_sense_here_is_refused_and_the_others_are_added(
    connection: Connection, grown: Stream, admin_client: Client
) -> None:
    FieldMapping.objects.filter(connection=connection, path="title").update(external="origin")

    said = decide(admin_client, connection, "add", "source", "mobile")

    assert "source ↔ origin was not added. Another row sends to this field already." in said
    assert "1 row added: mobile" in said
    assert offered(connection) == ["source"]


def test_row_left_out_is_never_offered_again(
    connection: Connection, grown: Stream, admin_client: Client, admin: User
) -> None:
    said = decide(admin_client, connection, "decline", "source", "mobile")

    assert "You will not be asked again" in said
    assert offered(connection) == []
    assert "to decide on" not in page(admin_client, connection)
    assert Change.objects.filter(record_type="syncstate", actor=admin).exists()


def test_row_removed_on_purpose_is_not_offered(
    connection: Connection, grown: Stream, admin: User, admin_client: Client
) -> None:
    decide(admin_client, connection, "add", "source")

    for path in ("title", "source"):
        field_delete(FieldMapping.objects.get(connection=connection, path=path), actor=admin)

    assert offered(connection) == ["mobile"]


def test_what_is_mapped_when_the_column_comes_counts_as_offered(
    connection: Connection, grown: Stream, admin: User
) -> None:
    SyncState.objects.update(offered_paths=[])
    with database.cursor() as cursor:
        cursor.execute(MIGRATION.FILL)

    field_delete(FieldMapping.objects.get(connection=connection, path="title"), actor=admin)

    assert offered(connection) == ["source", "mobile"]


def test_rows_removed_before_the_column_came_count_as_offered_too(
    connection: Connection, grown: Stream, admin: User
) -> None:
    rows = FieldMapping.objects.filter(connection=connection, object="person")
    for row in (rows.get(path="title"), rows.get(path="lifecycle")):
        field_delete(row, actor=admin)
    moved = field_update(rows.get(path="first_name"), values={"path": "mobile"}, actor=admin)
    field_delete(moved, actor=admin)
    SyncState.objects.update(offered_paths=[])

    with database.cursor() as cursor:
        cursor.execute(MIGRATION.FILL)
        cursor.execute(MIGRATION.REMOVED)

    assert offered(connection) == ["source"]
    other = SyncState.objects.get(connection=connection, object="company")
    assert not {"title", "mobile"} & set(other.offered_paths)


def test_row_that_was_removed_here_is_not_ticked(
    connection: Connection, grown: Stream, admin: User, admin_client: Client
) -> None:
    SyncState.objects.update(offered_paths=[])
    field_delete(FieldMapping.objects.get(connection=connection, path="title"), actor=admin)

    shown = page(admin_client, connection)

    assert offered(connection) == ["title", "source", "mobile"]
    ticked = re.findall(r'name="path" value="(\w+)"[^>]* checked', shown)
    assert ticked == ["source", "mobile"]
    assert "removed here before" in shown


def test_added_row_meets_both_sides_as_for_the_first_time(
    connection: Connection, grown: Stream, admin_client: Client
) -> None:
    stale = {"source": "web", "title": "Countess"}
    state = SyncState.objects.select_related("connection__workspace").get(
        connection=connection, object="person"
    )
    link = link_make(connection, "person", "1", 1, base_ours=stale, base_theirs=stale)
    SyncRecord.objects.filter(pk=link.pk).update(mapping_version=state.mapping_version)

    decide(admin_client, connection, "add", "source")

    state.refresh_from_db()
    link.refresh_from_db()
    assert scene_of(state).base_of(link) == Base({"title": "Countess"}, {"title": "Countess"})


def test_nothing_ticked_does_nothing_and_says_so(
    connection: Connection, grown: Stream, admin_client: Client
) -> None:
    assert "Nothing was done: tick the rows" in decide(admin_client, connection, "add")
    assert offered(connection) == ["source", "mobile"]


def test_only_admins_decide(connection: Connection, grown: Stream, sales_client: Client) -> None:
    url = reverse("hub:mapping_defaults", args=[connection.pk, "person"])

    answer = sales_client.post(url, {"act": "add", "path": "source"})

    assert answer.status_code == 403
    assert offered(connection) == ["source", "mobile"]


def test_stream_gained_since_waits_to_be_accepted(
    connection: Connection, grown: Stream, admin_client: Client, django_assert_num_queries: Any
) -> None:
    streams_sweep()

    shown = admin_client.get(reverse("hub:connection_detail", args=[connection.pk]))
    first_sync = admin_client.get(reverse("hub:first_sync", args=[connection.pk]))

    said = shown.content.decode()
    assert SyncState.objects.get(connection=connection, object="deal").stage == SyncStage.NEW
    assert "Not accepted yet: Deals" in said
    assert "Nothing of it is read or sent before" in said
    assert "Nobody has looked yet" in first_sync.content.decode()
    with django_assert_num_queries(2):
        offered(connection)


def test_stream_that_the_provider_dropped_is_said(
    connection: Connection, grown: Stream, admin_client: Client
) -> None:
    assert SyncState.objects.filter(connection=connection, object="company").exists()

    said = admin_client.get(reverse("hub:connection_detail", args=[connection.pk]))

    assert "Kept no more" in said.content.decode()
    assert "Not accepted yet" not in said.content.decode()
