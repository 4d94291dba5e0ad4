"""The cards beside a record: a few of its people, deals and tasks, and where the rest is."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse

from crm.choices import TaskStatus
from crm.models import Account, Contact, Deal, OwnedRecord, Task

SHOWN = 6


def few(rows: QuerySet[Any]) -> tuple[list[Any], bool]:
    """The first rows and whether there are more, in one query."""
    found = list(rows[: SHOWN + 1])
    return found[:SHOWN], len(found) > SHOWN


def open_tasks(record: OwnedRecord) -> dict[str, Any]:
    """Tasks still to do about the record, those due first on top."""
    link = str(record._meta.model_name)
    rows = Task.objects.filter(
        **{link: record}, status=TaskStatus.OPEN, archived_at=None
    ).select_related("assigned_to")
    tasks, has_more = few(rows.order_by(F("due_at").asc(nulls_last=True), "id"))
    return {
        "tasks": tasks,
        "has_more_tasks": has_more,
        "new_task_url": f"{reverse('crm:task_create')}?{link}={record.pk}",
    }


def deals_of(record: OwnedRecord, link: str) -> dict[str, Any]:
    """The record's deals, the newest first; `link` is the deal's field that names it."""
    rows = Deal.objects.filter(**{link: record}, archived_at=None).select_related("stage")
    deals, has_more = few(rows.order_by("-updated_at", "-id"))
    query = f"?{link}={record.pk}"
    return {
        "deals": deals,
        "has_more_deals": has_more,
        "deals_url": f"{reverse('crm:deal_list')}{query}",
        "new_deal_url": f"{reverse('crm:deal_create')}{query}",
    }


def people_of(account: Account) -> dict[str, Any]:
    """Contacts at an account."""
    rows = Contact.objects.filter(account=account, archived_at=None)
    people, has_more = few(rows.order_by("-updated_at", "-id"))
    query = f"?account={account.pk}"
    return {
        "people": people,
        "has_more_people": has_more,
        "people_url": f"{reverse('crm:contact_list')}{query}",
        "new_person_url": f"{reverse('crm:contact_create')}{query}",
    }
