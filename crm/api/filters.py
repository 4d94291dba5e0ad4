"""Which query parameters narrow an API list; a link, a tag or an address is found by its index."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import ForeignKey, QuerySet
from django.db.models.functions import Lower

from crm.models import Account, Activity, Contact, Deal, Lead, LineItem, Product, Task


class IdFilter(filters.NumberFilter):  # type: ignore[misc]
    """A record's id in digits: a decimal such as -1e999999999 takes hours to become a number."""

    field_class = forms.IntegerField


class LowerFilter(filters.CharFilter):  # type: ignore[misc]
    """Equal without regard to case, by the index on the column's lower case."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return qs
        lowered = f"{self.field_name}_lowered"
        found: QuerySet[Any] = qs.alias(**{lowered: Lower(self.field_name)}).filter(
            **{lowered: value.lower()}
        )
        return found


class RecordFilter(filters.FilterSet):  # type: ignore[misc]
    """Filters every record has."""

    updated_after = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lt")

    class Meta:
        # Links are compared as numbers: a choice field would tell which ids exist elsewhere.
        filter_overrides: ClassVar[dict[Any, Any]] = {ForeignKey: {"filter_class": IdFilter}}


class ArchivedFilter(RecordFilter):
    """Archived records show only when they are asked for."""

    archived = filters.BooleanFilter(method="with_archived")
    tag = filters.CharFilter(method="with_tag")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.form.cleaned_data.get("archived") is None:
            queryset = queryset.filter(archived_at__isnull=True)
        filtered: QuerySet[Any] = super().filter_queryset(queryset)
        return filtered

    def with_archived(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return queryset.filter(archived_at__isnull=not value)

    def with_tag(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(tags__contains=[value])


class ContactFilter(ArchivedFilter):
    email = LowerFilter()

    class Meta(RecordFilter.Meta):
        model = Contact
        fields = ("email", "account", "owner", "lifecycle")


class AccountFilter(ArchivedFilter):
    domain = LowerFilter()

    class Meta(RecordFilter.Meta):
        model = Account
        fields = ("domain", "owner", "payment_status", "churn_risk")


class LeadFilter(ArchivedFilter):
    email = LowerFilter()

    class Meta(RecordFilter.Meta):
        model = Lead
        fields = ("email", "status", "owner")


class DealFilter(ArchivedFilter):
    class Meta(RecordFilter.Meta):
        model = Deal
        fields = ("account", "stage", "pipeline", "owner", "primary_contact")


class TaskFilter(ArchivedFilter):
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")

    class Meta(RecordFilter.Meta):
        model = Task
        fields = ("status", "assigned_to", "contact", "lead", "account", "deal")


class ProductFilter(ArchivedFilter):
    class Meta(RecordFilter.Meta):
        model = Product
        fields = ("billing_interval",)


class LineItemFilter(RecordFilter):
    class Meta(RecordFilter.Meta):
        model = LineItem
        fields = ("deal",)


class ActivityFilter(RecordFilter):
    class Meta(RecordFilter.Meta):
        model = Activity
        fields = ("kind", "contact", "lead", "account", "deal")
