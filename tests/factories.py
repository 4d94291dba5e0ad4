"""Makes records for tests, with unique names, through the services where there are any."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from crm.choices import OriginKind, Role
from crm.models import Membership, User, Workspace
from crm.services.origin import Origin

_numbers = itertools.count(1)

TEST_ORIGIN = Origin(OriginKind.USER, "test")


def unique(prefix: str) -> str:
    return f"{prefix}-{next(_numbers)}-{uuid.uuid4().hex[:6]}"


def user_make(**fields: Any) -> User:
    email = fields.pop("email", f"{unique('person')}@example.test")
    return User.objects.create_user(email, "correct horse battery", **fields)


def workspace_make(**fields: Any) -> Workspace:
    name = fields.pop("name", unique("Workspace"))
    return Workspace.objects.create(name=name, slug=unique("ws").lower(), **fields)


def membership_make(
    workspace: Workspace, *, role: Role = Role.MEMBER, user: User | None = None
) -> Membership:
    return Membership.objects.create(workspace=workspace, user=user or user_make(), role=role)
