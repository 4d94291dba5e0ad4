"""Real-estate listings that leads ask for."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from crm.choices import PropertyStatus
from crm.models.access import User
from crm.models.people import Contact
from crm.models.record import OwnedRecord


class Property(OwnedRecord):
    """A listing with its price, its place, who owns it and who deals with it."""

    title = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    city = models.CharField(max_length=100, blank=True)
    locality = models.CharField(max_length=150, blank=True)
    status = models.CharField(max_length=10, choices=PropertyStatus, default=PropertyStatus.ACTIVE)
    owner_contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="properties"
    )
    dealer = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "properties"
        indexes = (
            models.Index(fields=("workspace", "status", "-updated_at"), name="property_status"),
            models.Index("workspace", Lower("title"), "id", name="property_title"),
        )

    def __str__(self) -> str:
        return self.title
