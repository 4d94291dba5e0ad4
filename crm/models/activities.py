"""The timeline: everything that happened with a contact, lead, account or deal."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.choices import ActivityKind, Direction
from crm.models.access import User
from crm.models.accounts import Account
from crm.models.deals import Deal
from crm.models.people import Contact, Lead
from crm.models.record import Record


class Activity(Record):
    """One line of the timeline.

    `source` and `external_id` name what reported it (a connection's event), so that it is
    written once however often it is reported.
    """

    kind = models.CharField(max_length=30, choices=ActivityKind)
    direction = models.CharField(
        max_length=10, choices=Direction, default=Direction.NONE, db_default=Direction.NONE
    )
    subject = models.CharField(max_length=300)
    body = models.TextField(blank=True, default="", db_default="")
    occurred_at = models.DateTimeField()
    actor = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="activities"
    )
    lead = models.ForeignKey(Lead, models.CASCADE, null=True, blank=True, related_name="activities")
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, blank=True, related_name="activities"
    )
    deal = models.ForeignKey(Deal, models.CASCADE, null=True, blank=True, related_name="activities")
    campaign = models.ForeignKey(
        "crm.Campaign", models.SET_NULL, null=True, blank=True, related_name="activities"
    )
    amount = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    url = models.URLField("URL", max_length=1000, blank=True, default="", db_default="")
    sentiment = models.FloatField(null=True, blank=True)
    intent = models.CharField(max_length=30, blank=True, default="", db_default="")
    details = models.JSONField(default=dict, db_default={}, blank=True)
    source = models.CharField(max_length=100, blank=True, default="", db_default="")
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "activities"
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "source", "external_id"),
                condition=~Q(external_id=""),
                name="activity_reported_once",
            ),
        )
        indexes = (
            models.Index(fields=("contact", "-occurred_at", "-id"), name="activity_contact"),
            models.Index(fields=("lead", "-occurred_at", "-id"), name="activity_lead"),
            models.Index(fields=("account", "-occurred_at", "-id"), name="activity_account"),
            models.Index(fields=("deal", "-occurred_at", "-id"), name="activity_deal"),
            models.Index(fields=("workspace", "-occurred_at", "-id"), name="activity_workspace"),
        )

    def __str__(self) -> str:
        return self.subject
