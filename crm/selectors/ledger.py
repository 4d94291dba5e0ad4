"""Reads the ledger of one record: its history, and what moved one of its fields."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.choices import ChangeAction, OriginKind
from crm.models import Change, Record

IMPORTS_SHOWN = 50


def changes_of(record: Record) -> QuerySet[Change]:
    """Every write to the record, newest first."""
    rows = Change.objects.filter(
        workspace_id=record.workspace_id,
        record_type=str(record._meta.model_name),
        record_id=record.pk,
    )
    return rows.select_related("actor").order_by("-id")


def imports_of(record: Record) -> list[Change]:
    """The newest writes of imports to the record, newest first."""
    rows = changes_of(record).filter(origin_kind=OriginKind.IMPORT)
    rows = rows.filter(action__in=(ChangeAction.CREATED, ChangeAction.UPDATED))
    return list(rows.defer("diff")[:IMPORTS_SHOWN])


def moves_of(record: Record, field: str) -> QuerySet[Change]:
    """Writes that changed `field`, newest first."""
    return changes_of(record).filter(diff__has_key=field)
