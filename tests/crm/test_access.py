"""Roles decide what a member may do, and never across workspaces."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from crm.access import Action, is_allowed, require
from crm.choices import Role
from crm.models import Account, Workspace
from crm.services.records import record_create
from tests.factories import TEST_ORIGIN, membership_make, workspace_make


def account_of(workspace: Workspace, **values: object) -> Account:
    return record_create(
        Account, workspace=workspace, values={"name": "Acme", **values}, origin=TEST_ORIGIN
    )


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, {Action.VIEW}),
        (Role.MEMBER, {Action.VIEW, Action.EDIT}),
        (Role.OWNER, set(Action)),
    ],
)
def test_role_allows_exactly(workspace: Workspace, role: Role, allowed: set[Action]) -> None:
    membership = membership_make(workspace, role=role)

    assert {action for action in Action if is_allowed(membership, action)} == allowed


def test_member_edits_own_and_free_records_only(workspace: Workspace) -> None:
    membership = membership_make(workspace, role=Role.MEMBER)
    mine = account_of(workspace, owner=membership.user)
    free = account_of(workspace)
    other = account_of(workspace, owner=membership_make(workspace).user)

    assert is_allowed(membership, Action.EDIT, mine)
    assert is_allowed(membership, Action.EDIT, free)
    assert not is_allowed(membership, Action.EDIT, other)


def test_owner_of_another_workspace_is_refused(workspace: Workspace) -> None:
    stranger = membership_make(workspace_make(), role=Role.OWNER)
    account = account_of(workspace)

    with pytest.raises(PermissionDenied):
        require(stranger, Action.VIEW, account)
