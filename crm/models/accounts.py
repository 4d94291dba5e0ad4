"""Companies we sell to, with their health and billing at a glance."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.choices import Level, PaymentStatus
from crm.models.access import User
from crm.models.record import OwnedRecord
from crm.models.search import ACCOUNT_WORDS, SearchWords, phone_end

STARTING_HEALTH = 70


class Account(OwnedRecord):
    """A company; billing and health fields are moved by rules, not by hand."""

    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=253, blank=True)
    website = models.URLField(max_length=500, blank=True)
    industry = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    phone_raw = models.CharField(max_length=100, blank=True, editable=False)
    street = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=100, blank=True)
    csm = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="customer success manager",
    )
    health_score = models.PositiveSmallIntegerField(
        default=STARTING_HEALTH,
        db_default=STARTING_HEALTH,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    churn_risk = models.CharField(
        max_length=10, choices=Level, default=Level.LOW, db_default=Level.LOW
    )
    support_intensity = models.CharField(
        max_length=10, choices=Level, default=Level.LOW, db_default=Level.LOW
    )
    payment_status = models.CharField(
        max_length=10,
        choices=PaymentStatus,
        default=PaymentStatus.NONE,
        db_default=PaymentStatus.NONE,
    )
    subscription_status = models.CharField(max_length=30, blank=True, default="", db_default="")
    mrr = models.DecimalField("MRR", max_digits=19, decimal_places=4, default=0, db_default=0)
    arr = models.DecimalField("ARR", max_digits=19, decimal_places=4, default=0, db_default=0)
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    last_payment_at = models.DateTimeField(null=True, blank=True)
    next_billing_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(health_score__gte=0, health_score__lte=100),
                name="account_health_0_to_100",
            ),
        )
        indexes = (
            models.Index("workspace", Lower("name"), "id", name="account_workspace_name"),
            models.Index("workspace", Lower("domain"), name="account_workspace_domain"),
            models.Index(
                fields=("workspace", "-updated_at", "-id"),
                name="account_latest",
                include=("archived_at",),
            ),
            models.Index("workspace", phone_end("phone"), name="account_phone_end"),
            models.Index(fields=("workspace", "owner"), name="account_owner"),
            GinIndex(fields=("tags",), name="account_tags"),
            GinIndex(SearchWords(*ACCOUNT_WORDS), name="account_words"),
        )

    def __str__(self) -> str:
        return self.name
