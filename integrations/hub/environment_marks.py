"""What a connection remembers of the variables that were last put into effect, or were refused.

A mark holds nothing of their values. It starts with a print of the key that it was made under:
after SECRET_KEY was replaced every mark differs, which says nothing about the variables.
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from integrations.hub.intake import settings_clean
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.types import EnvironmentConnection

# In `Connection.settings`.
MARK = "environment_mark"
REFUSED = "environment_refused"
OFF = "off"
SWITCHED_OFF = "Switched off by the environment. Work is kept and waits."


def mark_of(wanted: EnvironmentConnection) -> str:
    """Tells whether anything has changed, and nothing of what it is."""
    if not wanted.is_enabled:
        return OFF
    said = [wanted.is_enabled, dict(wanted.settings), dict(wanted.credentials)]
    return f"{_print_of_key()}:{_signed(json.dumps(said, sort_keys=True, default=str))}"


def is_in_effect(connection: Connection, wanted: EnvironmentConnection, mark: str) -> bool:
    """Whether nothing has changed since; where the mark cannot tell, the values are compared."""
    stored = connection.settings.get(MARK, "")
    if stored in (mark, mark.rpartition(":")[2]):  # the latter as older versions made it
        return True
    if stored == OFF or connection.attention == SWITCHED_OFF or not wanted.is_enabled:
        return False
    if stored.startswith(f"{_print_of_key()}:"):
        return False
    return _has_values_of(connection, wanted)


@transaction.atomic
def mark_set(connection: Connection, mark: str, *, name: str = MARK) -> None:
    if connection.settings.get(name) == mark:
        return
    row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    Connection.objects.filter(pk=row.pk).update(settings={**row.settings, name: mark})


def refused_for(provider_id: str, mark: str) -> Connection | None:
    """The connection in service to whose account these very variables lead, as was found before."""
    refusing = Connection.objects.filter(
        provider=provider_id, settings__contains={REFUSED: mark}
    ).exclude(state=ConnectionState.DISABLED)
    return refusing.order_by("pk").first()


def _has_values_of(connection: Connection, wanted: EnvironmentConnection) -> bool:
    """A connection that was disconnected has lost its secrets: its settings have to do."""
    cleaned = settings_clean(connection.declaration, wanted.settings)
    if any(connection.settings.get(name) != cleaned[name] for name in wanted.settings):
        return False
    if connection.state == ConnectionState.DISABLED:
        return True
    secrets = connection.credentials
    kept: dict[str, Any] = dict(secrets) if secrets.texts() else {}
    return all(kept.get(name) == secret for name, secret in wanted.credentials.items())


def _print_of_key() -> str:
    return _signed("environment mark")[:12]


def _signed(text: str) -> str:
    return hmac.new(django_settings.SECRET_KEY.encode(), text.encode(), sha256).hexdigest()
