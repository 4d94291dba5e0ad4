"""Reads the timeline of one record."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.models import Account, Activity, Contact, Deal, Lead

Subject = Contact | Lead | Account | Deal


def timeline(record: Subject) -> QuerySet[Activity]:
    """Everything that happened with the record, newest first.

    An account's holds what happened with its contacts and deals while they were its own, for an
    activity is linked to all of them when it is written.
    """
    rows = Activity.objects.filter(
        workspace_id=record.workspace_id, **{str(record._meta.model_name): record}
    )
    return rows.select_related("actor", "contact", "lead", "account", "deal").order_by(
        "-occurred_at", "-id"
    )
