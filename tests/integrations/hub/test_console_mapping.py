"""The console's pages of mappings and conflicts: edited through the services, tried before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Change, User, Workspace
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.models import (
    ConflictState,
    Connection,
    FieldMapping,
    OwnershipMapping,
    SyncConflict,
    SyncState,
    ValueMapping,
)
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.test_conflicts import conflict_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def pocket_vendor() -> Iterator[pocket.Vendor]:
    with pocket.installed() as vendor:
        yield vendor


@pytest.fixture
def connection(workspace: Workspace, pocket_vendor: pocket.Vendor) -> Connection:
    connection = connection_make(workspace, provider="pocket", name="Pocket")
    SyncState.objects.create(connection=connection, object="person", record_type="contact")
    defaults_ensure(connection, pocket.PEOPLE)
    return connection


def add_url(model: str) -> str:
    return reverse(f"admin:hub_{model}_add")


def change_url(model: str, pk: int, page: str = "change") -> str:
    return reverse(f"admin:hub_{model}_{page}", args=[pk])


def version(connection: Connection) -> int:
    return SyncState.objects.get(connection=connection).mapping_version


def field_values(connection: Connection, **values: Any) -> dict[str, Any]:
    given = {
        "connection": connection.pk,
        "object": "person",
        "path": "source",
        "external": "origin",
        "transform": "lower",
        "direction": "both",
        "rule": "last_write",
        "rank": 0,
        "order": 9,
        "is_enabled": "on",
    }
    return given | values


def row_of(connection: Connection, path: str) -> FieldMapping:
    return FieldMapping.objects.get(connection=connection, path=path)


def post(client: Client, address: str, values: dict[str, Any]) -> str:
    return client.post(address, values, follow=True).content.decode()


@pytest.mark.parametrize(
    "model", ["fieldmapping", "valuemapping", "ownershipmapping", "syncconflict"]
)
def test_list_costs_as_many_queries_however_many_rows_it_has(
    operator_client: Client, connection: Connection, model: str
) -> None:
    address = reverse(f"admin:hub_{model}_changelist")
    counts = []
    for number in range(2):
        for one in range(3):
            conflict_make(connection)
            OwnershipMapping.objects.create(connection=connection, external_id=f"{number}.{one}")
            ValueMapping.objects.create(connection=connection, name="x", theirs=f"{number}.{one}")
        operator_client.get(address)
        with CaptureQueriesContext(database) as asked:
            assert operator_client.get(address).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_field_is_added_by_the_service(
    operator_client: Client, connection: Connection, operator: User
) -> None:
    before = version(connection)

    post(operator_client, add_url("fieldmapping"), field_values(connection))

    row = row_of(connection, "source")
    assert (row.transform, row.order) == ([{"kind": "lower"}], 9)
    assert version(connection) == before + 1
    act = Change.objects.get(record_type="fieldmapping", record_id=row.pk)
    assert (act.actor, act.diff["path"]) == (operator, [None, "source"])


def test_field_is_changed_and_removed_by_the_service(
    operator_client: Client, connection: Connection
) -> None:
    row = row_of(connection, "title")
    values = field_values(connection, path="title", external="title", transform="")
    post(operator_client, change_url("fieldmapping", row.pk), values | {"rule": "ours_wins"})
    row.refresh_from_db()
    assert row.rule == "ours_wins"
    before = version(connection)

    post(operator_client, change_url("fieldmapping", row.pk, "delete"), {"post": "yes"})

    assert not FieldMapping.objects.filter(pk=row.pk).exists()
    assert version(connection) == before + 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"path": "nothing"}, "has no field"),
        ({"object": "invoice"}, "keeps company, person, deal in step"),
        ({"transform": "eval"}, "no transform"),
        ({"external": "created"}, "only be read"),
        ({"connection": ""}, "required"),
    ],
)
def test_field_that_makes_no_sense_is_refused_beside_it(
    operator_client: Client, connection: Connection, values: dict[str, str], said: str
) -> None:
    page = post(operator_client, add_url("fieldmapping"), field_values(connection) | values)

    assert said in page
    assert not FieldMapping.objects.filter(external="origin").exists()


def test_field_is_tried_on_a_record_before_it_is_saved(
    operator_client: Client, connection: Connection, pocket_vendor: pocket.Vendor
) -> None:
    pocket_vendor.put("person", firstname="ADA")
    row = row_of(connection, "first_name")
    address = change_url("fieldmapping", row.pk)
    values = field_values(connection, path="first_name", external="firstname", _preview="1")
    assert "nothing is saved" in operator_client.get(address).content.decode()

    page = post(operator_client, address, values)

    assert "<td>ada</td>" in page
    assert "nothing is saved" in page
    row.refresh_from_db()
    assert row.transform == []


@pytest.mark.parametrize("button", [{"_preview": "1"}, {}])
@pytest.mark.parametrize("path", ["owner.password", "workspace.name", "nosuch", "__class__"])
def test_field_that_may_not_be_read_is_refused_by_preview_and_save(
    operator_client: Client, connection: Connection, path: str, button: dict[str, str]
) -> None:
    values = field_values(connection, path=path, direction="push") | button

    answer = operator_client.post(add_url("fieldmapping"), values)

    assert answer.status_code == 200
    assert "path" in answer.context["adminform"].form.errors
    assert not FieldMapping.objects.filter(path=path).exists()


def test_value_is_added_refused_changed_and_removed(
    operator_client: Client, connection: Connection
) -> None:
    values = {"connection": connection.pk, "name": "lifecycle", "theirs": "q", "order": 3}
    address = add_url("valuemapping")
    assert "is one of" in post(operator_client, address, values | {"ours": "fan"})
    post(operator_client, address, values | {"ours": "sql"})
    row = ValueMapping.objects.get(connection=connection, theirs="q")
    assert (row.ours, row.is_automatic) == ("sql", False)

    post(operator_client, change_url("valuemapping", row.pk), values | {"ours": "mql"})
    row.refresh_from_db()
    assert row.ours == "mql"

    post(operator_client, change_url("valuemapping", row.pk, "delete"), {"post": "yes"})
    assert not ValueMapping.objects.filter(pk=row.pk).exists()
    assert Change.objects.filter(record_type="valuemapping").count() == 3


def test_person_is_matched_to_a_member_only(
    operator_client: Client, connection: Connection, salesperson: User, outsider: User
) -> None:
    row = OwnershipMapping.objects.create(connection=connection, external_id="1")
    address = change_url("ownershipmapping", row.pk)
    assert str(outsider) not in operator_client.get(address).content.decode()

    assert "valid choice" in post(operator_client, address, {"user": outsider.pk})
    post(operator_client, address, {"user": salesperson.pk})

    row.refresh_from_db()
    assert (row.user, row.is_automatic) == (salesperson, False)
    assert Change.objects.filter(record_type="ownershipmapping").count() == 1
    assert operator_client.get(add_url("ownershipmapping")).status_code == 403


def test_conflicts_are_decided_and_the_closed_left_alone(
    operator_client: Client, connection: Connection, operator: User
) -> None:
    waiting = conflict_make(connection)
    closed = conflict_make(connection, state=ConflictState.RESOLVED)
    form = {"action": "take_theirs", "_selected_action": [waiting.pk, closed.pk]}

    page = post(operator_client, reverse("admin:hub_syncconflict_changelist"), form)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.winner) == (ConflictState.DECIDED, "theirs")
    assert waiting.resolved_by == operator
    assert "1 conflict decided" in page
    assert f"Left alone: conflict {closed.pk}" in page


def test_conflict_shows_both_values_as_stored(
    operator_client: Client, connection: Connection
) -> None:
    conflict: SyncConflict = conflict_make(connection, ours="<b>Countess</b>")

    page = operator_client.get(change_url("syncconflict", conflict.pk)).content.decode()

    assert "&lt;b&gt;Countess" in page
    for word in ("Engineer", "Analyst"):
        assert word in page
