"""What single values and people mean: a person's choice, checked and remembered."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Change, Pipeline, Stage, User, Workspace
from integrations.hub.mapping.checks import InvalidMapping
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.mapping.tables import Tables
from integrations.hub.mapping.values import (
    owner_set,
    unmapped_owner_set,
    value_create,
    value_delete,
    value_update,
)
from integrations.hub.models import Connection, OwnershipMapping, ValueMapping
from tests import factories
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import version_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded(connection: Connection) -> Connection:
    for stream in pocket.provider.streams:
        defaults_ensure(connection, stream)
    return connection


def add(connection: Connection, actor: User, **values: Any) -> ValueMapping:
    given = {"name": "lifecycle", "theirs": "z", "ours": "customer"} | values
    return value_create(connection, values=given, actor=actor)


def test_value_added_is_a_persons_and_counts_for_every_stream(
    seeded: Connection, admin: User
) -> None:
    before = version_of(seeded, "deal")

    row = add(seeded, admin)

    assert not row.is_automatic
    assert version_of(seeded, "deal") == before + 1
    assert ("z", "customer") in Tables(seeded).values["lifecycle"]
    assert Change.objects.get(record_type="valuemapping").actor == admin


def test_value_changed_and_taken_away(seeded: Connection, admin: User) -> None:
    row = ValueMapping.objects.get(connection=seeded, theirs="m")

    value_update(row, values={"ours": "sql"}, actor=admin)
    row.refresh_from_db()
    assert (row.ours, row.is_automatic) == ("sql", False)

    value_delete(row, actor=admin)
    assert not ValueMapping.objects.filter(pk=row.pk).exists()
    assert Change.objects.filter(record_type="valuemapping").count() == 2


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"theirs": "l"}, "theirs", "already"),
        ({"theirs": ""}, "theirs", "blank"),
        ({"ours": "fan"}, "ours", "is one of"),
        ({"name": "stage", "ours": "won"}, "ours", "no stage"),
        ({"name": "stage", "ours": "99999999999999999999999"}, "ours", "no stage"),
    ],
)
def test_value_that_fits_no_field_is_refused(
    seeded: Connection, admin: User, values: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(InvalidMapping) as refused:
        add(seeded, admin, **values)

    assert said in " ".join(refused.value.errors[field])


def test_stage_of_another_workspace_is_refused(
    seeded: Connection, workspace: Workspace, admin: User
) -> None:
    stages = []
    for owner in (workspace, factories.workspace_make()):
        pipeline = Pipeline.objects.create(workspace=owner, name="P")
        stages.append(Stage.objects.create(workspace=owner, pipeline=pipeline, name="S"))
    own, foreign = stages

    assert add(seeded, admin, name="stage", theirs="s1", ours=str(own.pk)).pk
    with pytest.raises(InvalidMapping):
        add(seeded, admin, name="stage", theirs="s2", ours=str(foreign.pk))


def test_value_may_be_left_undecided(seeded: Connection, admin: User) -> None:
    add(seeded, admin, ours="")

    assert "z" not in dict(Tables(seeded).values["lifecycle"])


def test_person_is_matched_by_hand(seeded: Connection, admin: User, salesperson: User) -> None:
    row = OwnershipMapping.objects.create(connection=seeded, external_id="o1")

    owner_set(row, user=salesperson, actor=admin)

    row.refresh_from_db()
    assert (row.user, row.is_automatic) == (salesperson, False)
    assert Tables(seeded).people.users == {"o1": salesperson.pk}
    assert Change.objects.get(record_type="ownershipmapping").diff["user"] == [None, salesperson.pk]


def test_person_of_another_workspace_is_refused(
    seeded: Connection, admin: User, outsider: User
) -> None:
    row = OwnershipMapping.objects.create(connection=seeded, external_id="o1")

    with pytest.raises(InvalidMapping, match="no member"):
        owner_set(row, user=outsider, actor=admin)
    with pytest.raises(InvalidMapping, match="no member"):
        unmapped_owner_set(seeded, user=outsider, actor=admin)


def test_strangers_records_go_to_who_is_chosen(
    seeded: Connection, admin: User, salesperson: User
) -> None:
    unmapped_owner_set(seeded, user=salesperson, actor=admin)

    assert Tables(seeded).people.fallback == salesperson.pk
    assert Change.objects.get(record_type="connection").diff == {
        "unmapped_owner": [None, salesperson.pk]
    }
