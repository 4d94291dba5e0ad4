"""What the API shows and takes of connections; a secret goes in and never comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from crm.api.fields import KnownFieldsOnly
from integrations.hub import registry
from integrations.hub.models import Connection, SyncRun, SyncState

KEPT: Final = "The CRM keeps this itself; it cannot be given here."


class StreamSerializer(serializers.ModelSerializer[SyncState]):
    """One kind of record of a connection."""

    records_synced = serializers.IntegerField(
        read_only=True,
        help_text="How often pulls have looked at a record, over all of their runs; no count of "
        "the records that are linked.",
    )

    class Meta:
        model = SyncState
        fields = (
            "object",
            "record_type",
            "direction",
            "is_enabled",
            "stage",
            "status",
            "hold_reason",
            "last_sync_at",
            "next_run_at",
            "records_synced",
            "error_count",
            "last_error",
            "coverage",
        )
        read_only_fields = fields


class ConnectionSerializer(KnownFieldsOnly, serializers.ModelSerializer[Connection]):
    """A connection with its streams. Credentials are written only."""

    provider = serializers.CharField(max_length=40)
    credentials = serializers.DictField(
        child=serializers.CharField(allow_blank=True), write_only=True, required=False
    )
    settings = serializers.DictField(required=False)
    streams = StreamSerializer(source="sync_states", many=True, read_only=True)

    class Meta:
        model = Connection
        fields = (
            "id",
            "provider",
            "name",
            "state",
            "attention",
            "settings",
            "credentials",
            "remote_account_id",
            "remote_account_name",
            "last_success_at",
            "created_at",
            "streams",
        )
        read_only_fields = (
            "id",
            "state",
            "attention",
            "remote_account_id",
            "remote_account_name",
            "last_success_at",
            "created_at",
        )

    def validate_provider(self, provider_id: str) -> str:
        if registry.find(provider_id) is None:
            known = ", ".join(registry.ids())
            raise serializers.ValidationError(f"There is no such provider; there are {known}.")
        if self.instance is not None and self.instance.provider != provider_id:
            raise serializers.ValidationError("The provider of a connection cannot be changed.")
        return provider_id

    def to_internal_value(self, data: Any) -> Any:
        """What was shown may be sent back; of what the hub keeps another value is refused."""
        if isinstance(data, Mapping):
            kept = [name for name, field in self.fields.items() if field.read_only]
            refused = [name for name in kept if name in data and not self._is_shown(name, data)]
            if refused:
                raise serializers.ValidationError({name: [KEPT] for name in refused})
        return super().to_internal_value(data)

    def _is_shown(self, name: str, data: Mapping[str, Any]) -> bool:
        if self.instance is None:
            return False
        shown = {name: self.to_representation(self.instance)[name]}
        return bool(json.loads(JSONRenderer().render(shown))[name] == data[name])


class SyncRequestSerializer(KnownFieldsOnly):
    """Which connection to sync now, and which of its objects (all, when none is named)."""

    connection = serializers.IntegerField()
    object = serializers.CharField(required=False, allow_blank=True, max_length=60)
    full = serializers.BooleanField(default=False)


class RunSerializer(serializers.ModelSerializer[SyncRun]):
    """One line of the sync log."""

    class Meta:
        model = SyncRun
        fields = (
            "id",
            "connection",
            "kind",
            "object",
            "status",
            "total",
            "synced",
            "created",
            "updated",
            "deleted",
            "failed",
            "skipped",
            "requests",
            "error",
            "started_at",
            "finished_at",
            "duration_ms",
            "undone_at",
        )
        read_only_fields = fields
