"""Who may do what: the one place that pages, API and admin ask."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

from crm.choices import Role
from crm.models import Membership, OwnedRecord, Record

if TYPE_CHECKING:
    from django.http import HttpRequest

    from crm.models import Workspace


class Action(StrEnum):
    """What a role may allow."""

    VIEW = "view"
    EDIT = "edit"
    EDIT_ANY = "edit any"
    IMPORT = "import"
    EXPORT = "export"
    CONNECT = "connect"
    ADMINISTER = "administer"


# What a refusal says that the role may not do.
WORDS: dict[Action, str] = {
    Action.VIEW: "look at this",
    Action.EDIT: "change records",
    Action.EDIT_ANY: "change records of other people or have them sent again",
    Action.IMPORT: "import records",
    Action.EXPORT: "export records",
    Action.CONNECT: "connect systems, map their fields, or compare, stop and undo their syncs",
    Action.ADMINISTER: "administer the workspace",
}

_VIEWER = frozenset({Action.VIEW})
_MEMBER = _VIEWER | {Action.EDIT}
_MANAGER = _MEMBER | {Action.EDIT_ANY, Action.IMPORT, Action.EXPORT}
_ADMIN = _MANAGER | {Action.CONNECT}
_OWNER = _ADMIN | {Action.ADMINISTER}

ROLE_ACTIONS: dict[str, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.MEMBER: _MEMBER,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _OWNER,
}


def is_allowed(membership: Membership | None, action: Action, record: Record | None = None) -> bool:
    """Whether the member may do `action`, on `record` when one is named.

    A member edits records of their own, work assigned to them and what nobody owns; a manager
    edits everyone's.
    """
    if membership is None:
        return False
    if record is not None and record.workspace_id != membership.workspace_id:
        return False
    allowed = ROLE_ACTIONS[membership.role]
    if action is not Action.EDIT or Action.EDIT_ANY in allowed or record is None:
        return action in allowed
    return Action.EDIT in allowed and _is_own_or_free(membership, record)


def require(membership: Membership | None, action: Action, record: Record | None = None) -> None:
    """Raise PermissionDenied, with words for the person, unless `action` is allowed."""
    if is_allowed(membership, action, record):
        return
    if membership is None:
        raise PermissionDenied("You are not a member of this workspace.")
    # Whose own records would be open is refused this one only, as another person's.
    is_of_another = record is not None and is_allowed(membership, action)
    wanted = Action.EDIT_ANY if is_of_another else action
    raise PermissionDenied(
        f"Your role ({membership.get_role_display()}) may not {WORDS[wanted]}. "
        f"In this workspace {_who_may(wanted)} may."
    )


def _who_may(action: Action) -> str:
    """`a manager, admin or owner`."""
    roles = [Role(role).label.lower() for role, may in ROLE_ACTIONS.items() if action in may]
    *others, last = roles
    named = f"{', '.join(others)} or {last}" if others else last
    return f"{'an' if named[0] in 'aeiou' else 'a'} {named}"


def request_membership(request: HttpRequest) -> Membership:
    """The membership the middleware put on the request; PermissionDenied without one."""
    membership: Membership | None = getattr(request, "membership", None)
    if membership is None:
        raise PermissionDenied("You are not a member of any workspace. Ask an admin to invite you.")
    return membership


def request_workspace(request: HttpRequest) -> Workspace:
    return request_membership(request).workspace


def _is_own_or_free(membership: Membership, record: Record) -> bool:
    if not isinstance(record, OwnedRecord):
        return True
    is_assignee = getattr(record, "assigned_to_id", None) == membership.user_id
    return is_assignee or record.owner_id in (None, membership.user_id)
