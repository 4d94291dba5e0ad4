"""What signing in at a vendor needs: our application there, and sign-ins that are under way."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.models import User, Workspace
from integrations.hub.credentials import EncryptedJSONField
from integrations.hub.models.connection import Connection

CLIENT_SECRET = "client_secret"  # noqa: S105  # the name, not the secret


class OAuthApplication(models.Model):
    """Our application as registered at a vendor; of all workspaces, or of one that has its own."""

    provider = models.CharField(max_length=40)
    workspace = models.ForeignKey(
        Workspace,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Leave empty for the application that every workspace uses.",
    )
    client_id = models.CharField("client ID", max_length=255)
    secrets = EncryptedJSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "OAuth application"
        ordering = ("provider", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("provider",),
                condition=Q(workspace=None),
                name="oauth_application_once",
                violation_error_message="This system has an application for all workspaces.",
            ),
            models.UniqueConstraint(
                fields=("provider", "workspace"),
                name="oauth_application_workspace_once",
                violation_error_message="This workspace has its own application already.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.client_id}"

    @property
    def client_secret(self) -> str:
        return str(self.secrets.get(CLIENT_SECRET, ""))


class OAuthAttempt(models.Model):
    """One sign-in at a vendor: begun by a person in a session, ended by one answer, or expired.

    Only a hash of `state` is kept. `connection` is the one that is connected again; a new one is
    made with `name` and `settings` when the vendor has granted access.
    """

    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    provider = models.CharField(max_length=40)
    connection = models.ForeignKey(
        Connection, models.CASCADE, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=120, blank=True, default="")
    settings = models.JSONField(default=dict, blank=True)
    is_read_only = models.BooleanField(default=False)
    client_id = models.CharField(max_length=255)
    redirect_uri = models.CharField(max_length=500)
    scopes = models.JSONField(default=list, blank=True)
    secrets = EncryptedJSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "OAuth sign-in"
        indexes = (models.Index(fields=("expires_at",), name="oauth_attempt_expiry"),)

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"
