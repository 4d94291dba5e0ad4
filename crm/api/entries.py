"""Notes and calls added to a record's timeline over the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.api.fields import KnownFieldsOnly, WorkspaceRelatedField
from crm.api.serializers import TEXT_MAX
from crm.choices import ActivityKind, Direction
from crm.models import Account, Activity, Contact, Deal, Lead
from crm.services.activities import Subject, call_log, note_add
from crm.services.origin import Origin

SUBJECTS = ("contact", "lead", "account", "deal")


class EntrySerializer(KnownFieldsOnly):
    """A note or a call about exactly one record."""

    kind = serializers.ChoiceField(choices=[ActivityKind.NOTE, ActivityKind.CALL])
    body = serializers.CharField(max_length=TEXT_MAX)
    direction = serializers.ChoiceField(
        choices=[Direction.INBOUND, Direction.OUTBOUND], required=False
    )
    contact = WorkspaceRelatedField(queryset=Contact.objects.all(), required=False)
    lead = WorkspaceRelatedField(queryset=Lead.objects.all(), required=False)
    account = WorkspaceRelatedField(queryset=Account.objects.all(), required=False)
    deal = WorkspaceRelatedField(queryset=Deal.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in SUBJECTS) != 1:
            raise serializers.ValidationError(f"Name exactly one of: {', '.join(SUBJECTS)}.")
        return attrs

    @property
    def subject(self) -> Subject:
        """The record the entry is about; call after `is_valid`."""
        record: Subject = next(
            self.validated_data[name] for name in SUBJECTS if name in self.validated_data
        )
        return record

    def write(self, *, origin: Origin) -> Activity:
        entry = self.validated_data
        if entry["kind"] == ActivityKind.NOTE:
            return note_add(self.subject, body=entry["body"], origin=origin)
        direction = Direction(entry.get("direction", Direction.OUTBOUND))
        return call_log(self.subject, body=entry["body"], direction=direction, origin=origin)
