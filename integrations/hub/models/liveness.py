"""What processes share: rate buckets, named leases, heartbeats and the wake-up flag."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class RateBucket(models.Model):
    """One window of a vendor's rate limit: the theoretical arrival time of the next call.

    `pace` is 1 at full rate; a refusal halves it, and it recovers by a tenth a minute.
    """

    key = models.CharField(max_length=120, primary_key=True)
    tat = models.DateTimeField(db_default=Now())
    blocked_until = models.DateTimeField(db_default=Now())
    pace = models.FloatField(default=1.0, db_default=1.0)
    paced_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.key


class NamedLease(models.Model):
    """Something only one process may do at a time; `fence` rises with each holder."""

    name = models.CharField(max_length=120, primary_key=True)
    token = models.UUIDField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0, db_default=0)
    until = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class HubHeartbeat(models.Model):
    """When a part of the engine last showed that it works."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField(db_default=Now())
    process = models.CharField(max_length=150, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.name


class FailedRound(models.Model):
    """A round of the tick that failed when it last ran; gone once it runs through again."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField(db_default=Now())
    since = models.DateTimeField(db_default=Now())
    times = models.PositiveIntegerField(default=1, db_default=1)
    message = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.name


class Wake(models.Model):
    """One row: whether the queue has been asked to run the pump and has not begun yet."""

    name = models.CharField(max_length=20, primary_key=True)
    is_pending = models.BooleanField(default=False, db_default=False)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return "pending" if self.is_pending else "clear"
