"""The people of a workspace: who may own a record, be given a task or see one."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from crm.models import User, Workspace


def members_of(workspace: Workspace) -> QuerySet[User]:
    """Members who can sign in, by name."""
    return (
        User.objects.filter(memberships__workspace=workspace, is_active=True)
        .only("id", "name", "email")
        .order_by("name", "email")
    )


def members_or(workspace: Workspace, user_id: int | None) -> QuerySet[User]:
    """Members and the person a record names now, who may have left."""
    chosen = Q(memberships__workspace=workspace, is_active=True) | Q(pk=user_id)
    return User.objects.filter(chosen).distinct().order_by("name", "email")
