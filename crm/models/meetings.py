"""Meetings and who attends them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from crm.choices import AttendeeResponse, MeetingOutcome
from crm.models.record import OwnedRecord


class Meeting(OwnedRecord):
    """An event of a calendar; iCal UID and recurrence id name it across calendars."""

    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    time_zone = models.CharField(max_length=64, default="UTC")
    all_day = models.BooleanField(default=False)
    location = models.CharField(max_length=500, blank=True)
    meet_link = models.URLField(max_length=1000, blank=True)
    ical_uid = models.CharField("iCal UID", max_length=500, blank=True)
    recurrence_id = models.CharField(max_length=100, blank=True)
    series = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="occurrences"
    )
    outcome = models.CharField(max_length=20, choices=MeetingOutcome, blank=True, default="")
    notes = models.TextField(blank=True)
    source = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "ical_uid", "recurrence_id"),
                condition=~Q(ical_uid=""),
                name="meeting_once_per_ical_uid",
            ),
            models.CheckConstraint(
                condition=Q(end__gte=F("start")), name="meeting_ends_after_start"
            ),
        )
        indexes = (models.Index(fields=("workspace", "start"), name="meeting_start"),)

    def __str__(self) -> str:
        return self.title


class MeetingAttendee(models.Model):
    """A person invited to a meeting, linked to the contact or lead when known."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendees")
    email = models.EmailField("e-mail", max_length=320)
    name = models.CharField(max_length=200, blank=True)
    response = models.CharField(
        max_length=10, choices=AttendeeResponse, default=AttendeeResponse.PENDING
    )
    is_organizer = models.BooleanField(default=False)
    contact = models.ForeignKey(
        "crm.Contact", models.SET_NULL, null=True, blank=True, related_name="meetings_attended"
    )
    lead = models.ForeignKey(
        "crm.Lead", models.SET_NULL, null=True, blank=True, related_name="meetings_attended"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("meeting", "email"), name="meeting_attendee_unique"),
        )

    def __str__(self) -> str:
        return self.name or self.email
