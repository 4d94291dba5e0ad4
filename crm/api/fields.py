"""Serializer fields that never reach outside the caller's workspace."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from crm.api.permissions import membership_of
from crm.models import User


class WorkspaceRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A link to a record of the same workspace; other ids are as unknown as missing ones."""

    def get_queryset(self) -> QuerySet[Any]:
        queryset = super().get_queryset()
        assert queryset is not None, "a writable link names the records it may point at"
        membership = membership_of(self.context["request"])
        if membership is None:
            return queryset.none()
        if queryset.model is User:
            return queryset.filter(memberships__workspace_id=membership.workspace_id)
        return queryset.filter(workspace_id=membership.workspace_id)
