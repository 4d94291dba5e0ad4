"""The people we talk to: contacts of accounts, and leads not yet converted."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from crm.choices import LeadStatus, Lifecycle, ScoreTier
from crm.models.accounts import Account
from crm.models.record import OwnedRecord
from crm.models.search import CONTACT_WORDS, LEAD_WORDS, SearchWords, phone_end


class Person(OwnedRecord):
    """A record with a person's name."""

    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Contact(Person):
    """A person, usually at an account; e-mail is compared without regard to case."""

    account = models.ForeignKey(
        Account, models.SET_NULL, null=True, blank=True, related_name="contacts"
    )
    email = models.EmailField("e-mail", max_length=254, blank=True)
    other_emails = ArrayField(
        models.EmailField(max_length=254), default=list, db_default=[], blank=True
    )
    phone = models.CharField(max_length=40, blank=True)
    phone_raw = models.CharField(max_length=100, blank=True, editable=False)
    mobile = models.CharField(max_length=40, blank=True)
    mobile_raw = models.CharField(max_length=100, blank=True, editable=False)
    title = models.CharField("job title", max_length=150, blank=True)
    linkedin_url = models.URLField("LinkedIn URL", max_length=500, blank=True)
    lifecycle = models.CharField(
        max_length=20, choices=Lifecycle, default=Lifecycle.LEAD, db_default=Lifecycle.LEAD
    )
    score_tier = models.CharField(max_length=10, choices=ScoreTier, blank=True, default="")
    source = models.CharField(max_length=100, blank=True)
    source_detail = models.CharField(max_length=250, blank=True)
    engagement_score = models.PositiveSmallIntegerField(
        default=0, db_default=0, validators=[MaxValueValidator(100)]
    )
    last_contacted_at = models.DateTimeField(null=True, blank=True)
    email_opt_in = models.BooleanField("e-mail opt-in", null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(engagement_score__lte=100), name="contact_engagement_0_to_100"
            ),
        )
        indexes = (
            models.Index("workspace", Lower("email"), name="contact_workspace_email"),
            models.Index(
                "workspace",
                Lower("last_name"),
                Lower("first_name"),
                "id",
                name="contact_workspace_name",
            ),
            models.Index(
                fields=("workspace", "-updated_at", "-id"),
                name="contact_latest",
                include=("archived_at",),
            ),
            models.Index("workspace", phone_end("phone"), name="contact_phone_end"),
            models.Index("workspace", phone_end("mobile"), name="contact_mobile_end"),
            models.Index(fields=("workspace", "owner"), name="contact_owner"),
            models.Index(fields=("workspace", "phone"), name="contact_phone"),
            GinIndex(fields=("tags",), name="contact_tags"),
            GinIndex(SearchWords(*CONTACT_WORDS), name="contact_words"),
            GinIndex(fields=("other_emails",), name="contact_other_emails"),
        )

    def __str__(self) -> str:
        return self.full_name or self.email or f"Contact {self.pk}"


class ConsentEntry(models.Model):
    """One line of a contact's consent log: who allowed or refused mail, when and through what."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consent_log")
    opted_in = models.BooleanField()
    source = models.CharField(max_length=100)
    detail = models.CharField(max_length=250, blank=True)
    occurred_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-occurred_at", "-id")
        verbose_name_plural = "consent entries"

    def __str__(self) -> str:
        return f"{'opt-in' if self.opted_in else 'opt-out'} by {self.source}"


class Lead(Person):
    """Somebody interested who is not yet a contact with an account and a deal."""

    company = models.CharField(max_length=200, blank=True)
    email = models.EmailField("e-mail", max_length=254, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    phone_raw = models.CharField(max_length=100, blank=True, editable=False)
    title = models.CharField("job title", max_length=150, blank=True)
    status = models.CharField(
        max_length=20, choices=LeadStatus, default=LeadStatus.NEW, db_default=LeadStatus.NEW
    )
    lost_reason = models.CharField(max_length=250, blank=True)
    source = models.CharField(max_length=100, blank=True)
    score = models.PositiveSmallIntegerField(
        default=0, db_default=0, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    score_tier = models.CharField(max_length=10, choices=ScoreTier, blank=True, default="")
    budget_min = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    budget_max = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    preferred_areas = ArrayField(
        models.CharField(max_length=100), default=list, db_default=[], blank=True
    )
    property = models.ForeignKey(
        "crm.Property", models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    utm_source = models.CharField("UTM source", max_length=150, blank=True)
    utm_medium = models.CharField("UTM medium", max_length=150, blank=True)
    utm_campaign = models.CharField("UTM campaign", max_length=150, blank=True)
    notes = models.TextField(blank=True)
    last_contacted_at = models.DateTimeField(null=True, blank=True)
    converted_contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    converted_account = models.ForeignKey(
        Account, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    converted_deal = models.ForeignKey(
        "crm.Deal", models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(status=LeadStatus.LOST) | ~Q(lost_reason=""),
                name="lead_lost_has_reason",
            ),
            models.CheckConstraint(condition=Q(score__lte=100), name="lead_score_0_to_100"),
        )
        indexes = (
            models.Index("workspace", Lower("email"), name="lead_workspace_email"),
            models.Index(fields=("workspace", "status", "-updated_at"), name="lead_status"),
            models.Index(
                fields=("workspace", "-updated_at", "-id"),
                name="lead_latest",
                include=("archived_at",),
            ),
            models.Index("workspace", phone_end("phone"), name="lead_phone_end"),
            models.Index(fields=("workspace", "owner"), name="lead_owner"),
            GinIndex(fields=("tags",), name="lead_tags"),
            GinIndex(SearchWords(*LEAD_WORDS), name="lead_words"),
        )

    def __str__(self) -> str:
        return self.full_name or self.company or self.email or f"Lead {self.pk}"
