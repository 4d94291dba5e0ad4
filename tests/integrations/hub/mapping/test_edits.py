"""Edits of a mapping: checked, numbered, remembered; the provider's rows where there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm.choices import FieldKind
from crm.models import Change, CustomField, User, Workspace
from integrations.hub.errors import RetryLater
from integrations.hub.mapping.checks import InvalidMapping
from integrations.hub.mapping.edits import (
    defaults_ensure,
    field_create,
    field_delete,
    field_update,
)
from integrations.hub.mapping.rules import rule_default
from integrations.hub.merge import Rule
from integrations.hub.models import Connection, FieldMapping, ValueMapping
from integrations.hub.streams import MappingRow
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import link_make, version_of

pytestmark = pytest.mark.django_db

LINK = {"kind": "link", "name": "company"}
LIST = {"kind": "picklist", "name": "lifecycle"}
ALWAYS = {"kind": "const", "value": "crm"}


def create(connection: Connection, actor: User, **values: Any) -> FieldMapping:
    stream = pocket.provider.stream(values.pop("object", "person"))
    assert stream is not None
    return field_create(
        connection,
        stream,
        values={"path": "first_name", "external": "firstname"} | values,
        actor=actor,
    )


def refusal(connection: Connection, actor: User, **values: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidMapping) as refused:
        create(connection, actor, **values)
    return refused.value.errors


def test_default_rows_are_the_providers_and_made_once(connection: Connection) -> None:
    defaults_ensure(connection, pocket.PEOPLE)
    version = version_of(connection)
    defaults_ensure(connection, pocket.PEOPLE)

    rows = FieldMapping.objects.filter(connection=connection, object="person")
    assert [row.path for row in rows] == [row.path for row in pocket.PEOPLE.mapping]
    assert ValueMapping.objects.filter(connection=connection, name="lifecycle").count() == 3
    assert version_of(connection) == version


def test_default_rows_get_the_rules_of_the_hub_unless_the_provider_says_otherwise(
    connection: Connection,
) -> None:
    defaults_ensure(connection, pocket.PEOPLE)

    rows = FieldMapping.objects.filter(connection=connection)
    rules = dict(rows.values_list("path", "rule"))
    assert rules["email"] == Rule.OURS_WINS
    assert rules["lifecycle"] == Rule.THEIRS_WINS
    assert rules["owner"] == Rule.OURS_WINS
    assert rules["first_name"] == Rule.LAST_WRITE
    assert rules["title"] == Rule.MANUAL


def test_default_rows_leave_a_persons_mapping_alone(connection: Connection, admin: User) -> None:
    defaults_ensure(connection, pocket.PEOPLE)
    rows = FieldMapping.objects.filter(connection=connection)
    field_delete(rows.get(path="title"), actor=admin)
    ValueMapping.objects.filter(connection=connection, theirs="m").delete()

    defaults_ensure(connection, pocket.PEOPLE)

    assert not rows.filter(path="title").exists()
    assert not ValueMapping.objects.filter(connection=connection, theirs="m").exists()


@pytest.mark.parametrize(
    ("record_type", "path", "rule"),
    [
        ("contact", "email", Rule.OURS_WINS),
        ("contact", "last_name", Rule.LAST_WRITE),
        ("contact", "lifecycle", Rule.THEIRS_WINS),
        ("deal", "stage", Rule.THEIRS_WINS),
        ("lead", "score", Rule.OURS_WINS),
        ("lead", "score_tier", Rule.OURS_WINS),
        ("account", "industry", Rule.LAST_WRITE),
        ("task", "stage", Rule.LAST_WRITE),
    ],
)
def test_rule_of_a_field_nobody_spoke_of(record_type: str, path: str, rule: Rule) -> None:
    assert rule_default(record_type, path) == rule


def test_edit_raises_the_version_of_its_stream_and_is_remembered(
    connection: Connection, admin: User
) -> None:
    row = create(connection, admin)
    field_update(row, values={"rule": "manual"}, actor=admin)

    assert (version_of(connection), version_of(connection, "deal")) == (3, 1)
    made, changed = Change.objects.filter(record_type="fieldmapping", record_id=row.pk).order_by(
        "id"
    )
    assert made.diff["path"] == [None, "first_name"]
    assert changed.diff == {"rule": ["last_write", "manual"]}
    assert (changed.actor, changed.workspace_id) == (admin, connection.workspace_id)


def test_row_taken_away_is_remembered_with_what_it_said(
    connection: Connection, admin: User
) -> None:
    row = create(connection, admin)

    field_delete(row, actor=admin)

    assert not FieldMapping.objects.filter(connection=connection).exists()
    last = Change.objects.filter(record_type="fieldmapping").latest("id")
    assert last.diff["external"] == ["firstname", None]


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "phone_format"},
        {"kind": "phone_format", "country": "de"},
        {"kind": "date_parse", "theirs": "epoch_ms"},
        {"kind": "date_parse", "theirs": "%d.%m.%Y"},
    ],
)
def test_step_with_options_that_mean_something_is_taken(
    connection: Connection, admin: User, step: dict[str, str]
) -> None:
    assert create(connection, admin, transform=[step]).pk


def test_row_that_may_not_be_read_can_only_be_removed_with_all_it_left(
    connection: Connection, admin: User
) -> None:
    row = FieldMapping.objects.create(
        connection=connection, object="person", path="owner.password", external="origin"
    )
    agreed = {"owner.password": "pbkdf2", "first_name": "Ada"}
    link = link_make(connection, "person", "p1", 1, base_ours=agreed, base_theirs=agreed)
    other = link_make(connection, "company", "c1", 1, base_ours=agreed)

    for values in ({"is_enabled": False}, {"external": "firstname"}, {"direction": "push"}):
        with pytest.raises(InvalidMapping):
            field_update(row, values=values, actor=admin)
    field_delete(row, actor=admin)

    link.refresh_from_db()
    other.refresh_from_db()
    assert not FieldMapping.objects.filter(pk=row.pk).exists()
    assert (link.base_ours, link.base_theirs) == ({"first_name": "Ada"}, {"first_name": "Ada"})
    assert other.base_ours == agreed


def test_rows_are_added_at_the_end(connection: Connection, admin: User) -> None:
    orders = [create(connection, admin).order]
    orders.append(create(connection, admin, path="last_name", external="lastname").order)

    assert orders == [0, 1]


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"path": "nothing"}, "path", "has no field"),
        ({"path": "version"}, "path", "by the CRM itself"),
        ({"path": "owner.password", "direction": "push"}, "path", "only name and email"),
        ({"path": "workspace.name", "direction": "push"}, "path", "Nothing of the workspace"),
        ({"path": "account.name"}, "path", "belongs to another record"),
        ({"path": "custom.shoe_size"}, "path", "make it first"),
        ({"path": ""}, "path", "blank"),
        ({"external": "nickname"}, "external", "no field 'nickname'"),
        ({"external": "created"}, "direction", "only be read"),
        ({"direction": "sideways"}, "direction", "not a valid choice"),
        ({"transform": "lower"}, "transform", "list of steps"),
        ({"transform": ["lower"]}, "transform", "list of steps"),
        ({"transform": [{"kind": "eval"}]}, "transform", "no transform"),
        ({"transform": [{"kind": "const", "value": "x"}]}, "direction", "choose to send"),
        (
            {"transform": [{"kind": "const"}], "direction": "push", "is_required": True},
            "is_required",
            "always there",
        ),
        (
            {"transform": [{"kind": "const"}, {"kind": "lower"}], "direction": "push"},
            "transform",
            "only step",
        ),
        ({"transform": [{"kind": "owner"}]}, "transform", "names no person"),
        (
            {"transform": [{"kind": "phone_format", "country": "Atlantis"}]},
            "transform",
            "'Atlantis' is no country",
        ),
        (
            {"transform": [{"kind": "date_parse", "theirs": "yesterday"}]},
            "transform",
            "a pattern such as %d.%m.%Y",
        ),
        ({"transform": [{"kind": "link", "name": "company"}]}, "transform", "leads to no account"),
        (
            {"path": "account", "transform": [{"kind": "link", "name": "invoice"}]},
            "transform",
            "kept in no step",
        ),
        ({"transform": [{"kind": "picklist", "name": "moods"}]}, "transform", "no list of values"),
        ({"is_enforced": True}, "is_enforced", "one way"),
    ],
)
def test_row_that_makes_no_sense_is_refused_by_field(
    connection: Connection, admin: User, values: dict[str, Any], field: str, said: str
) -> None:
    errors = refusal(connection, admin, **values)

    assert said in " ".join(errors[field])
    assert not FieldMapping.objects.filter(connection=connection).exists()
    assert version_of(connection) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"path": "account.name", "external": "company_name", "direction": "push"},
        {"path": "account", "external": "company_id", "transform": [LINK]},
        {"path": "owner", "external": "owner_id", "transform": [{"kind": "owner"}]},
        {"path": "lifecycle", "external": "stage", "transform": [LIST]},
        {"path": "source", "external": "origin", "direction": "push", "transform": [ALWAYS]},
        {"external": "created", "direction": "pull", "is_enforced": True},
        {"transform": [{"kind": "lower"}, {"kind": "text"}]},
    ],
)
def test_row_that_makes_sense_is_taken(
    connection: Connection, admin: User, values: dict[str, Any]
) -> None:
    row = create(connection, admin, **values)

    row.refresh_from_db()
    assert {name: getattr(row, name) for name in values} == values


def test_custom_field_is_mapped_once_it_is_there(
    connection: Connection, workspace: Workspace, admin: User
) -> None:
    CustomField.objects.create(
        workspace=workspace, record_type="contact", key="shoe", label="Shoe", kind=FieldKind.TEXT
    )

    assert create(connection, admin, path="custom.shoe").path == "custom.shoe"


def test_field_is_mapped_once_and_sent_to_once(connection: Connection, admin: User) -> None:
    row = create(connection, admin)

    assert "Another row maps" in refusal(connection, admin, external="lastname")["path"][0]
    assert "sends to this" in refusal(connection, admin, path="last_name")["external"][0]
    field_update(row, values={"is_enabled": False}, actor=admin)
    assert create(connection, admin).pk


def test_fields_are_not_checked_while_the_vendor_does_not_answer(
    connection: Connection, admin: User, vendor: pocket.Vendor
) -> None:
    vendor.refusals.append(RetryLater("Down for a moment."))

    assert create(connection, admin, external="nickname").external == "nickname"


def test_two_edits_at_once_are_two_versions(connection: Connection, admin: User) -> None:
    row = create(connection, admin)
    stale = FieldMapping.objects.get(pk=row.pk)

    field_update(row, values={"rank": 5}, actor=admin)
    field_update(stale, values={"rule": "manual"}, actor=admin)

    row.refresh_from_db()
    assert (row.rank, row.rule) == (5, "manual")
    assert version_of(connection) == 4


def test_field_that_the_provider_maps_itself_is_known_though_not_described(
    connection: Connection, admin: User
) -> None:
    stream = replace(pocket.PEOPLE, mapping=(MappingRow("account", "@companies"),))

    row = field_create(
        connection, stream, values={"path": "title", "external": "@companies"}, actor=admin
    )

    assert row.pk
