"""Campaigns, lists of contacts, and forms on a website."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower, Now

from crm.choices import CampaignStatus, ListKind, ListSyncStatus
from crm.models.access import User
from crm.models.people import Contact, Lead
from crm.models.record import OwnedRecord, Record


class Campaign(OwnedRecord):
    """A mailing and what came of it."""

    name = models.CharField(max_length=200)
    channel = models.CharField(max_length=30, default="email")
    status = models.CharField(max_length=15, choices=CampaignStatus, default=CampaignStatus.DRAFT)
    sent_at = models.DateTimeField(null=True, blank=True)
    total_sent = models.PositiveIntegerField(default=0)
    opens = models.PositiveIntegerField(default=0)
    clicks = models.PositiveIntegerField(default=0)
    bounces = models.PositiveIntegerField(default=0)
    unsubscribes = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=("workspace", "-sent_at"), name="campaign_sent"),)

    def __str__(self) -> str:
        return self.name


class ContactList(OwnedRecord):
    """Contacts grouped for a purpose: chosen one by one, or found by a saved filter."""

    name = models.CharField(max_length=150)
    kind = models.CharField(max_length=10, choices=ListKind, default=ListKind.STATIC)
    filters = models.JSONField(default=dict, blank=True)
    members = models.ManyToManyField(Contact, through="ContactListMember", related_name="lists")
    sync_status = models.CharField(
        max_length=10, choices=ListSyncStatus, default=ListSyncStatus.IDLE
    )
    last_synced_at = models.DateTimeField(null=True, blank=True)
    synced_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint("workspace", Lower("name"), name="contact_list_name_unique"),
        )

    def __str__(self) -> str:
        return self.name


class ContactListMember(models.Model):
    """A contact's place on a static list."""

    contact_list = models.ForeignKey(ContactList, models.CASCADE, related_name="memberships")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="list_memberships")
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("contact_list", "contact"), name="contact_list_member_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.contact} on {self.contact_list}"


class WebForm(OwnedRecord):
    """A form others may fill in; each submission becomes a lead."""

    name = models.CharField(max_length=150)
    slug = models.SlugField(max_length=60)
    fields = models.JSONField(default=list)
    target_list = models.ForeignKey(
        ContactList, models.SET_NULL, null=True, blank=True, related_name="forms"
    )
    lead_owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    spam_guard = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("workspace", "slug"), name="web_form_slug_unique"),
        )

    def __str__(self) -> str:
        return self.name


class FormSubmission(Record):
    """One filled-in form as it came, and the lead made of it."""

    form = models.ForeignKey(WebForm, models.CASCADE, related_name="submissions")
    values = models.JSONField()
    lead = models.ForeignKey(Lead, models.SET_NULL, null=True, blank=True, related_name="+")
    is_spam = models.BooleanField(default=False)
    submission_key = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("form", "submission_key"), name="form_submission_once"),
        )
        indexes = (models.Index(fields=("form", "-created_at"), name="form_submission_recent"),)

    def __str__(self) -> str:
        return f"{self.form} at {self.created_at:%Y-%m-%d %H:%M}"
