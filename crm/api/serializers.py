"""What a record looks like over the API; validation of values is the services'."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.api.fields import KnownFieldsOnly, WorkspaceRelatedField
from crm.models import (
    Account,
    Activity,
    Contact,
    Deal,
    Lead,
    LineItem,
    OwnedRecord,
    Pipeline,
    Product,
    Stage,
    Task,
)

RECORD = ("id", "version", "created_at", "updated_at")
TEXT_MAX = 20_000
OWNED = (*RECORD, "owner", "tags", "custom", "archived_at")


class RecordSerializer(KnownFieldsOnly, serializers.ModelSerializer[Any]):
    """Base of every record: links stay in the workspace, machine-kept fields are read-only."""

    serializer_related_field = WorkspaceRelatedField

    # The services decide uniqueness and required links with better words.
    class Meta:
        validators: tuple[Any, ...] = ()


class ContactSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Contact
        read_only_fields = (*RECORD, "archived_at", "engagement_score", "last_contacted_at")
        fields = (
            *OWNED,
            *("account", "first_name", "last_name", "email", "other_emails", "phone", "mobile"),
            *("title", "linkedin_url", "lifecycle", "score_tier", "source", "source_detail"),
            *("engagement_score", "last_contacted_at", "email_opt_in"),
        )


class AccountSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Account
        moved_by_rules = (
            *("health_score", "churn_risk", "support_intensity", "payment_status"),
            *("subscription_status", "mrr", "arr", "currency", "last_payment_at"),
            "next_billing_at",
        )
        read_only_fields = (*RECORD, "archived_at", *moved_by_rules)
        fields = (
            *OWNED,
            *("name", "domain", "website", "industry", "phone", "street", "city", "region"),
            *("postal_code", "country", "csm"),
            *moved_by_rules,
        )


class LeadSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Lead
        conversion = ("converted_contact", "converted_account", "converted_deal")
        read_only_fields = (*RECORD, "archived_at", "score", "last_contacted_at", *conversion)
        fields = (
            *OWNED,
            *("first_name", "last_name", "company", "email", "phone", "title", "status"),
            *("lost_reason", "source", "score", "score_tier", "budget_min", "budget_max"),
            *("preferred_areas", "property", "utm_source", "utm_medium", "utm_campaign"),
            *("notes", "last_contacted_at"),
            *conversion,
        )
        extra_kwargs = {"notes": {"max_length": TEXT_MAX}}


class LineItemSerializer(RecordSerializer):
    total = serializers.DecimalField(max_digits=24, decimal_places=4, read_only=True)

    class Meta(RecordSerializer.Meta):
        model = LineItem
        read_only_fields = RECORD
        fields = (*RECORD, "deal", "product", "quantity", "unit_price", "total")
        extra_kwargs = {"unit_price": {"required": False}}


class DealSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Deal
        read_only_fields = (*RECORD, "archived_at", "closed_at", "pipeline")
        fields = (
            *OWNED,
            *("name", "account", "primary_contact", "pipeline", "stage", "amount", "currency"),
            *("probability", "close_date", "lost_reason", "closed_at"),
        )
        extra_kwargs = {"stage": {"required": False}, "currency": {"required": False}}


class ProductSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Product
        read_only_fields = (*RECORD, "archived_at")
        fields = (*OWNED, "name", "unit_price", "currency", "billing_interval")


class TaskSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Task
        read_only_fields = (*RECORD, "archived_at", "completed_at")
        fields = (
            *OWNED,
            *("title", "notes", "kind", "due_at", "priority", "status", "completed_at"),
            *("assigned_to", "contact", "lead", "account", "deal"),
        )
        extra_kwargs = {"notes": {"max_length": TEXT_MAX}}


class ActivitySerializer(RecordSerializer):
    """A line of the timeline; people add notes and calls, machines the rest."""

    class Meta(RecordSerializer.Meta):
        model = Activity
        added_by_machines = (
            *("amount", "currency", "url", "sentiment", "intent", "details", "actor", "campaign"),
        )
        read_only_fields = (*RECORD, *added_by_machines)
        fields = (
            *RECORD,
            *("kind", "direction", "subject", "body", "occurred_at"),
            *("contact", "lead", "account", "deal"),
            *added_by_machines,
        )
        extra_kwargs = {"subject": {"required": False}, "occurred_at": {"required": False}}


class StageSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Stage
        fields = ("id", "name", "order", "probability", "is_won", "is_lost")


class PipelineSerializer(RecordSerializer):
    stages = StageSerializer(many=True, read_only=True)

    class Meta(RecordSerializer.Meta):
        model = Pipeline
        fields = ("id", "name", "order", "is_default", "stages")


def expected_version(serializer: serializers.BaseSerializer[OwnedRecord]) -> int | None:
    """The `version` the caller read, when it was sent with the change."""
    version = serializer.initial_data.get("version")
    if version is None:
        return None
    try:
        return int(serializers.IntegerField().run_validation(version))
    except serializers.ValidationError as error:
        # To pass over it would write over what somebody else changed.
        raise serializers.ValidationError({"version": error.detail}) from error
