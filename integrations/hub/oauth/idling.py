"""Uses tokens that lie still once a day: vendors let a refresh token end that nobody uses."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Now

from integrations.hub import registry
from integrations.hub.credentials import UnreadableSecrets
from integrations.hub.errors import HubError
from integrations.hub.models import AuthKind, Connection, ConnectionState
from integrations.hub.oauth.names import REFRESH_TOKEN
from integrations.hub.oauth.renewal import renew_idle
from integrations.hub.sweeps import sweep_register

logger = logging.getLogger("integrations.hub.oauth")

IDLE = timedelta(days=1)
ROUND_SIZE = 20
ROUND_SECONDS = 15.0


def idle_touch() -> int:
    """Renew tokens that are a day old, a few at a time; how many were looked at."""
    until = time.monotonic() + ROUND_SECONDS
    touched = 0
    for connection in _idle()[:ROUND_SIZE]:
        _touch(connection)
        touched += 1
        if time.monotonic() > until:
            break
    return touched


def _idle() -> QuerySet[Connection]:
    served = Connection.objects.filter(
        auth_kind=AuthKind.OAUTH,
        state__in=(ConnectionState.ACTIVE, ConnectionState.PAUSED),
        provider__in=registry.ids(),
    )
    is_open = Q(refresh_after=None) | Q(refresh_after__lte=Now())
    old = served.filter(is_open, token_issued_at__lt=Now() - Value(IDLE), expires_at__isnull=False)
    return old.select_related("workspace").order_by("token_issued_at", "pk")


def _touch(connection: Connection) -> None:
    if not _has_refresh_token(connection):
        # Nothing to use; it is looked at again tomorrow, not every minute.
        Connection.objects.filter(pk=connection.pk).update(refresh_after=Now() + Value(IDLE))
        return
    try:
        renew_idle(connection)
    except HubError as error:
        logger.warning("idle token of connection %s not renewed: %s", connection.pk, error.code)


def _has_refresh_token(connection: Connection) -> bool:
    try:
        return bool(connection.secret(REFRESH_TOKEN))
    except UnreadableSecrets:
        return False


sweep_register("oauth.idle", idle_touch)
