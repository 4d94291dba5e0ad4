"""Users, workspaces, memberships and lists of contacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm.choices import Role
from crm.models import ContactList, Pipeline, Workspace
from crm.services.contacts import contact_create
from crm.services.errors import InvalidRecord, WrongWorkspace
from crm.services.lists import list_create, list_members_add, list_members_remove
from crm.services.origin import Origin
from crm.services.people import (
    membership_remove,
    membership_set,
    user_create,
    workspace_create,
)
from crm.services.pipelines import pipeline_create_default
from crm.signals import list_changed
from tests.factories import TEST_ORIGIN, user_make, workspace_make


def test_user_create_stores_the_address_in_lower_case(db: None) -> None:
    user = user_create(email=" Ann@Acme.TEST ", name="Ann", password="correct horse battery")

    assert user.email == "ann@acme.test"
    assert user.check_password("correct horse battery")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"email": "no"}, "email"),
        ({"email": "TAKEN@acme.test"}, "email"),
        ({"password": "123"}, "password"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
    ],
)
def test_user_create_refuses(db: None, changes: dict[str, Any], name: str) -> None:
    user_make(email="taken@acme.test")
    values = {"email": "new@acme.test", "password": "correct horse battery", **changes}

    with pytest.raises(InvalidRecord) as refusal:
        user_create(**values)

    assert name in refusal.value.errors


def test_workspace_create_makes_owner_and_pipeline(db: None) -> None:
    owner = user_make()

    workspace = workspace_create(name="Acme", slug="acme", owner=owner, time_zone="Asia/Tokyo")

    assert workspace.memberships.get().role == Role.OWNER
    pipeline = Pipeline.objects.get(workspace=workspace)
    assert pipeline.is_default
    assert pipeline.stages.filter(is_won=True).count() == 1
    assert pipeline_create_default(workspace) == pipeline


def test_workspace_create_refuses_a_taken_slug(db: None) -> None:
    workspace_create(name="Acme", slug="acme", owner=user_make())

    with pytest.raises(InvalidRecord) as refusal:
        workspace_create(name="Other", slug="acme", owner=user_make())
    assert "slug" in refusal.value.errors


def test_workspace_keeps_an_owner(workspace: Workspace) -> None:
    owner, second = user_make(), user_make()
    membership_set(workspace=workspace, user=owner, role=Role.OWNER)
    with pytest.raises(InvalidRecord, match="needs an owner"):
        membership_set(workspace=workspace, user=owner, role=Role.MEMBER)
    with pytest.raises(InvalidRecord, match="needs an owner"):
        membership_remove(workspace=workspace, user=owner)

    membership_set(workspace=workspace, user=second, role=Role.OWNER)
    membership_remove(workspace=workspace, user=owner)

    assert workspace.memberships.get().user == second


@pytest.fixture
def told() -> Iterator[list[ContactList]]:
    lists: list[ContactList] = []

    def receiver(sender: object, contact_list: ContactList, **kwargs: Any) -> None:
        lists.append(contact_list)

    list_changed.connect(receiver)
    yield lists
    list_changed.disconnect(receiver)


def test_list_members_are_told_when_they_change(
    workspace: Workspace, origin: Origin, told: list[ContactList]
) -> None:
    contacts = [
        contact_create(workspace=workspace, values={"last_name": name}, origin=origin)
        for name in "AB"
    ]
    contact_list = list_create(workspace=workspace, values={"name": "News"}, origin=origin)

    assert list_members_add(contact_list, contacts=contacts, origin=origin) == 2
    assert list_members_add(contact_list, contacts=contacts, origin=origin) == 0
    assert list_members_remove(contact_list, contacts=contacts[:1], origin=origin) == 1

    assert [member.contact for member in contact_list.memberships.all()] == contacts[1:]
    assert len(told) == 2


def test_list_refuses_strangers_and_a_taken_name(workspace: Workspace, origin: Origin) -> None:
    contact_list = list_create(workspace=workspace, values={"name": "News"}, origin=origin)
    stranger = contact_create(
        workspace=workspace_make(), values={"last_name": "x"}, origin=TEST_ORIGIN
    )

    with pytest.raises(WrongWorkspace):
        list_members_add(contact_list, contacts=[stranger], origin=origin)
    with pytest.raises(InvalidRecord, match="of this name"):
        list_create(workspace=workspace, values={"name": "NEWS"}, origin=origin)
