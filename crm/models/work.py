"""Work to do: tasks, support tickets and alerts."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.choices import AlertStatus, Priority, Severity, TaskKind, TaskStatus, TicketStatus
from crm.models.access import User
from crm.models.accounts import Account
from crm.models.deals import Deal
from crm.models.people import Contact, Lead
from crm.models.record import OwnedRecord, Record
from crm.models.search import TASK_WORDS, SearchWords


class Task(OwnedRecord):
    """Something a person has to do, usually about a record."""

    title = models.CharField(max_length=300)
    notes = models.TextField(blank=True)
    kind = models.CharField(max_length=20, choices=TaskKind, default=TaskKind.TODO)
    due_at = models.DateTimeField(null=True, blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    status = models.CharField(
        max_length=10, choices=TaskStatus, default=TaskStatus.OPEN, db_default=TaskStatus.OPEN
    )
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    assigned_to = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="tasks"
    )
    lead = models.ForeignKey(Lead, models.CASCADE, null=True, blank=True, related_name="tasks")
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, blank=True, related_name="tasks"
    )
    deal = models.ForeignKey(Deal, models.CASCADE, null=True, blank=True, related_name="tasks")
    source_key = models.CharField(max_length=255, blank=True, default="", editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "source_key"),
                condition=~Q(source_key=""),
                name="task_made_once",
            ),
        )
        indexes = (
            models.Index(fields=("workspace", "status", "due_at"), name="task_due"),
            models.Index(fields=("assigned_to", "status", "due_at"), name="task_assignee_due"),
            GinIndex(fields=("tags",), name="task_tags"),
            GinIndex(SearchWords(*TASK_WORDS), name="task_words"),
        )

    def __str__(self) -> str:
        return self.title


class Ticket(OwnedRecord):
    """A support request of a contact."""

    subject = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    status = models.CharField(max_length=10, choices=TicketStatus, default=TicketStatus.NEW)
    type = models.CharField(max_length=50, blank=True)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="tickets"
    )
    account = models.ForeignKey(
        Account, models.SET_NULL, null=True, blank=True, related_name="tickets"
    )
    assigned_to = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    escalate = models.BooleanField(default=False)
    external_url = models.URLField("external URL", max_length=1000, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("workspace", "status", "-created_at"), name="ticket_status"),
            models.Index(fields=("account", "status", "-created_at"), name="ticket_account"),
        )

    def __str__(self) -> str:
        return self.subject


class Alert(Record):
    """Something a person must know of; the same open alert is one row that counts."""

    kind = models.CharField(max_length=50)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.WARNING)
    message = models.CharField(max_length=500)
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, blank=True, related_name="alerts"
    )
    connection_id = models.BigIntegerField(null=True, blank=True)
    assigned_to = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=15, choices=AlertStatus, default=AlertStatus.OPEN)
    subject_key = models.CharField(
        max_length=255, help_text="What the alert is about; one open alert per kind and key."
    )
    occurrences = models.PositiveIntegerField(default=1)
    first_raised_at = models.DateTimeField(db_default=Now())
    last_raised_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "kind", "subject_key"),
                condition=~Q(status=AlertStatus.RESOLVED),
                name="alert_open_once",
            ),
        )
        indexes = (
            models.Index(fields=("workspace", "status", "-last_raised_at"), name="alert_status"),
            models.Index(fields=("assigned_to", "status"), name="alert_assignee"),
        )

    def __str__(self) -> str:
        return self.message
