"""What processes share: leases, rate buckets and heartbeats."""

from __future__ import annotations

from django.contrib import admin

from crm.console import ReadOnlyAdmin
from integrations.hub.models import FailedRound, HubHeartbeat, NamedLease, RateBucket, Wake


@admin.register(HubHeartbeat)
class HubHeartbeatAdmin(ReadOnlyAdmin):
    """When each part of the engine last worked."""

    list_display = ("name", "at", "process")


@admin.register(FailedRound)
class FailedRoundAdmin(ReadOnlyAdmin):
    """Rounds of the one-minute tick that fail; the row goes when the round runs through again."""

    list_display = ("name", "times", "since", "at", "message")


@admin.register(NamedLease)
class NamedLeaseAdmin(ReadOnlyAdmin):
    """What only one process does at a time."""

    list_display = ("name", "until", "fence")
    search_fields = ("name",)


@admin.register(RateBucket)
class RateBucketAdmin(ReadOnlyAdmin):
    """How much of each vendor's rate limit is used."""

    list_display = ("key", "tat", "blocked_until", "pace")
    search_fields = ("key",)


@admin.register(Wake)
class WakeAdmin(ReadOnlyAdmin):
    """Whether the queue has been asked to run the pump."""

    list_display = ("name", "is_pending", "at")
