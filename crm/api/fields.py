"""What every serializer takes: names it knows, and links inside the caller's workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from crm.api.permissions import membership_of
from crm.models import User

UNKNOWN = "There is no such field."


class KnownFieldsOnly(serializers.Serializer[Any]):
    """Refuses names that are no fields: to pass over a misspelt one would lose its value."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError({name: [UNKNOWN] for name in unknown})
        return super().to_internal_value(data)


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
