"""One account at one vendor that a workspace has connected, and whether it may be called now."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.models import User, Workspace
from integrations.hub import registry
from integrations.hub.credentials import EncryptedJSONField
from integrations.hub.provider import Provider


def webhook_key_make() -> str:
    """Unguessable: it is the only thing that names a connection in a public URL."""
    return secrets.token_urlsafe(24)


class ConnectionState(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    AUTH_FAILED = "auth_failed", "Needs new credentials"
    DISABLED = "disabled", "Disconnected"


class AuthKind(models.TextChoices):
    KEY = "key", "Key"
    OAUTH = "oauth", "Sign-in at the vendor"


class GateReason(models.TextChoices):
    NONE = "", "Open"
    RATE = "rate", "The vendor asked us to slow down"
    BREAKER = "breaker", "The vendor is in trouble"
    AUTH = "auth", "The credentials were refused"
    MAINTENANCE = "maintenance", "Maintenance"
    BUG = "bug", "The same error met many records"
    REFRESH = "refresh", "The access token cannot be renewed yet"


class BreakerState(models.TextChoices):
    CLOSED = "closed", "Closed"
    OPEN = "open", "Open"


class Connection(models.Model):
    """A vendor's account; `gate_until` holds all its work back, `state` says whether there is any.

    `token_version` rises when credentials are replaced or a token is renewed, so that a late
    refusal of the old ones does no harm. `refused_version` is the one that a renewal after a 401
    gave: refused again at once, no further renewal is tried.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        User,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose personal account it is; empty when the workspace shares it.",
    )
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    state = models.CharField(
        max_length=12,
        choices=ConnectionState,
        default=ConnectionState.ACTIVE,
        db_default=ConnectionState.ACTIVE,
    )
    attention = models.CharField(
        max_length=500, blank=True, default="", db_default="", help_text="What a person should do."
    )
    settings = models.JSONField(default=dict, db_default={}, blank=True)
    credentials = EncryptedJSONField()
    token_version = models.PositiveIntegerField(default=1, db_default=1)
    auth_kind = models.CharField(
        max_length=5, choices=AuthKind, default=AuthKind.KEY, db_default=AuthKind.KEY
    )
    oauth_client_id = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="The application whose grant this is; only it can renew the token.",
    )
    is_read_only = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Writing at the vendor was not asked for when access was granted.",
    )
    scopes = models.JSONField(
        default=list, db_default=[], blank=True, help_text="As the vendor granted them."
    )
    token_issued_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    refused_version = models.PositiveIntegerField(null=True, blank=True)
    refresh_started_at = models.DateTimeField(null=True, blank=True)
    last_refresh_at = models.DateTimeField(null=True, blank=True)
    refresh_error = models.CharField(max_length=500, blank=True, default="", db_default="")
    refresh_after = models.DateTimeField(
        null=True, blank=True, help_text="No renewal is tried before this, after one that failed."
    )
    remote_account_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    remote_account_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    webhook_key = models.CharField(max_length=64, unique=True, default=webhook_key_make)
    webhook_note = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="What the last look at the web-hook found or mended.",
    )
    webhook_checked_at = models.DateTimeField(null=True, blank=True)

    gate_until = models.DateTimeField(null=True, blank=True)
    gate_reason = models.CharField(
        max_length=12, choices=GateReason, blank=True, default="", db_default=""
    )
    breaker_state = models.CharField(
        max_length=10,
        choices=BreakerState,
        default=BreakerState.CLOSED,
        db_default=BreakerState.CLOSED,
    )
    breaker_failures = models.PositiveIntegerField(default=0, db_default=0)
    breaker_successes = models.PositiveIntegerField(default=0, db_default=0)
    breaker_seconds = models.PositiveIntegerField(default=0, db_default=0)
    breaker_opened_at = models.DateTimeField(null=True, blank=True)
    outage_since = models.DateTimeField(null=True, blank=True)
    # What died from then on is to be revived; the breaker has closed since.
    revive_since = models.DateTimeField(null=True, blank=True, editable=False)
    # What was forbidden up to then is to be tried once more; a permission may be there since.
    revive_forbidden_until = models.DateTimeField(null=True, blank=True, editable=False)
    window_started_at = models.DateTimeField(null=True, blank=True)
    window_calls = models.PositiveIntegerField(default=0, db_default=0)
    window_failures = models.PositiveIntegerField(default=0, db_default=0)
    forbidden_streak = models.PositiveIntegerField(default=0, db_default=0)

    clock_offset_ms = models.IntegerField(
        default=0, db_default=0, help_text="How far the vendor's clock is before ours."
    )
    unmapped_owner = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who gets their records whose owner is nobody here; empty: the admin.",
    )
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_served_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "name"),
                condition=~Q(state=ConnectionState.DISABLED),
                name="connection_name_once",
            ),
        )
        indexes = (
            models.Index(fields=("workspace", "provider", "state"), name="connection_provider"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def declaration(self) -> Provider:
        """Raises KeyError when the provider is not installed any more."""
        return registry.get(self.provider)

    @property
    def provider_name(self) -> str:
        declared = registry.find(self.provider)
        return declared.name if declared else self.provider

    @property
    def has_streams(self) -> bool:
        """Whether it keeps records in step, so that there is a mapping."""
        declared = registry.find(self.provider)
        return bool(declared and declared.streams)

    def secret(self, name: str) -> str:
        """A credential by name; empty when there is none."""
        return str(self.credentials.get(name, ""))

    @property
    def is_oauth(self) -> bool:
        """Whether a person granted access at the vendor, so that tokens are renewed."""
        return self.auth_kind == AuthKind.OAUTH

    @property
    def state_words(self) -> str:
        """What follows its name in a sentence: `is paused`, `needs new credentials`."""
        said = str(self.get_state_display()).lower()
        return said if self.state == ConnectionState.AUTH_FAILED else f"is {said}"

    @property
    def is_active(self) -> bool:
        return self.state == ConnectionState.ACTIVE
