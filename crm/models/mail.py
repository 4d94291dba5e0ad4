"""Mail as the CRM keeps it: one row per Message-ID, with what became of it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.choices import BounceType
from crm.models.record import Record


class EmailMessage(Record):
    """A message sent or received.

    `mailbox_id` is the id of the mailbox's connection; the CRM does not know connections.
    """

    mailbox_id = models.BigIntegerField(null=True, blank=True)
    message_id = models.CharField("Message-ID", max_length=998)
    thread_id = models.CharField(max_length=255, blank=True)
    from_address = models.EmailField(max_length=320)
    to_addresses = ArrayField(models.EmailField(max_length=320), default=list, blank=True)
    cc_addresses = ArrayField(models.EmailField(max_length=320), default=list, blank=True)
    subject = models.CharField(max_length=998, blank=True)
    snippet = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, help_text="Sanitised before it is stored.")
    sent_at = models.DateTimeField()
    contact = models.ForeignKey(
        "crm.Contact", models.SET_NULL, null=True, blank=True, related_name="emails"
    )
    activity = models.OneToOneField(
        "crm.Activity", models.SET_NULL, null=True, blank=True, related_name="email"
    )
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    open_count = models.PositiveIntegerField(default=0, db_default=0)
    clicked_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)
    bounce_type = models.CharField(max_length=10, choices=BounceType, blank=True, default="")
    unsubscribed = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "message_id"), name="email_message_once_per_message_id"
            ),
        )
        indexes = (
            models.Index(fields=("workspace", "thread_id"), name="email_thread"),
            models.Index(fields=("contact", "-sent_at"), name="email_contact"),
        )

    def __str__(self) -> str:
        return self.subject or self.message_id


class ClickedLink(models.Model):
    """A link in a message that was followed, and how often."""

    message = models.ForeignKey(EmailMessage, models.CASCADE, related_name="clicked_links")
    url = models.URLField("URL", max_length=2000)
    click_count = models.PositiveIntegerField(default=1)
    first_clicked_at = models.DateTimeField()
    last_clicked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("message", "url"), name="clicked_link_unique"),
        )

    def __str__(self) -> str:
        return self.url
