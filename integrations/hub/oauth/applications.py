"""Our application at a vendor: a workspace's own, else everybody's, else from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Q
from django.urls import reverse

from crm.models import Workspace
from integrations.hub.models import Connection, OAuthApplication
from integrations.hub.oauth.names import ApplicationMissing


@dataclass(frozen=True)
class Application:
    """What proves to the vendor that we ask."""

    client_id: str
    client_secret: str = field(repr=False)


def application_find(provider_id: str, workspace: Workspace) -> Application | None:
    """The one to sign in with; None when an operator has set none up."""
    rows = OAuthApplication.objects.filter(
        Q(workspace=None) | Q(workspace=workspace), provider=provider_id
    )
    row = rows.order_by(F("workspace").asc(nulls_last=True)).first()
    if row is not None:
        return Application(row.client_id, row.client_secret)
    return _of_environment(provider_id)


def application_of(connection: Connection) -> Application:
    """The one that a connection's access was granted to; raises ApplicationMissing."""
    found = application_find(connection.provider, connection.workspace)
    if found is None:
        raise ApplicationMissing(
            f"No application is set up at {connection.provider_name} any more. An operator enters "
            "its client ID and secret in the console; then test the connection."
        )
    if connection.oauth_client_id and found.client_id != connection.oauth_client_id:
        raise ApplicationMissing(
            f"Access was granted to another application of ours at {connection.provider_name} than "
            "the one that is set up now. Connect again, so that it is granted to this one."
        )
    return found


def environment_names(provider_id: str) -> tuple[str, str]:
    """The variables that hold the client ID and the secret where the console has none."""
    stem = f"NEXA_{provider_id.upper()}_CLIENT"
    return f"{stem}_ID", f"{stem}_SECRET"


def redirect_uri() -> str:
    """Where every vendor sends people back to; an operator registers it at the vendor."""
    return f"{settings.NEXA_BASE_URL}{reverse('hub:oauth_callback')}"


def _of_environment(provider_id: str) -> Application | None:
    client_id, client_secret = (_variable(name) for name in environment_names(provider_id))
    return Application(client_id, client_secret) if client_id and client_secret else None


def _variable(name: str) -> str:
    """Its value, or that of the file that NAME_FILE names; empty when there is neither."""
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return os.environ.get(name, "").strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
