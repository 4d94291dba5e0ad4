"""What a renewal leaves on its connection: begun, stored, failed for now, or refused for good."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import requests
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Exists, F, Value
from django.db.models.functions import Now

from integrations.hub import gates, leases
from integrations.hub.errors import HubError, RateLimited, RetryLater
from integrations.hub.models import Connection, ConnectionState, GateReason, NamedLease
from integrations.hub.notices import connection_alert, connection_alert_over
from integrations.hub.oauth.applications import application_of
from integrations.hub.oauth.names import ACCESS_TOKEN, REFRESH_TOKEN
from integrations.hub.oauth.token_calls import Tokens, oauth_of, token_revoke

logger = logging.getLogger("integrations.hub.oauth")

COOL_DOWN_SECONDS = 30.0
REFUSED_SECONDS = 86_400
# An outage of minutes is no news; one that outlives the token is.
ALERT_AFTER_SECONDS = 300
ALERT = "connection_refresh_failing"
TOKEN_FIELDS = [
    "credentials",
    "token_version",
    "token_issued_at",
    "expires_at",
    "scopes",
    "state",
    "last_refresh_at",
    "refresh_error",
    "refresh_after",
]


def started(connection: Connection, seen: int) -> None:
    _held(connection, seen).update(refresh_started_at=Now())


@transaction.atomic
def stored(
    connection: Connection, lease: leases.Lease, seen: int, tokens: Tokens, *, is_forced: bool
) -> bool:
    """Keep what the vendor gave before anybody uses it; False when that is not ours to do now.

    What else was put among the secrets meanwhile stays, as does a refresh token that the answer
    left out.
    """
    row = _held(connection, seen).select_for_update(no_key=True).first()
    if row is None:
        return False
    mine = NamedLease.objects.filter(name=lease.name, token=lease.token, fence=lease.fence)
    values: dict[str, Any] = {
        **token_values(tokens),
        "credentials": row.credentials.merged(token_secrets(tokens)),
        "token_version": F("token_version") + 1,
        "refused_version": seen + 1 if is_forced else None,
        "last_refresh_at": Now(),
    }
    if not _held(connection, seen).filter(Exists(mine)).update(**values):
        return False
    waiting = Connection.objects.filter(pk=connection.pk, gate_reason=GateReason.REFRESH)
    waiting.update(gate_until=None, gate_reason=GateReason.NONE)
    if row.refresh_error:
        connection_alert_over(connection, ALERT)
    return True


def token_secrets(tokens: Tokens) -> dict[str, str]:
    """Those of the answer; one that is left out is not erased."""
    secrets = {ACCESS_TOKEN: tokens.access_token}
    return secrets | ({REFRESH_TOKEN: tokens.refresh_token} if tokens.refresh_token else {})


def token_values(tokens: Tokens) -> dict[str, Any]:
    """The columns of a token that was given a moment ago."""
    life = tokens.lifetime_seconds
    ends = Now() + Value(timedelta(seconds=life)) if life else None
    values: dict[str, Any] = {
        "token_issued_at": Now(),
        "expires_at": ends,
        "refresh_error": "",
        "refresh_after": None,
    }
    return values | ({"scopes": list(tokens.scopes)} if tokens.scopes else {})


def failed(connection: Connection, seen: int, error: HubError, *, is_useless: bool) -> float:
    """The vendor is in trouble: leave the token as it is and ask later; in how many seconds.

    `is_useless`: nothing can be done with the old token, so the work waits at the gate.
    """
    seconds = _cool_down(error)
    words = str(error)[:500]
    _held(connection, seen).update(
        refresh_error=words, refresh_after=Now() + Value(timedelta(seconds=seconds))
    )
    if is_useless:
        gates.close(connection, seconds=seconds, reason=GateReason.REFRESH)
        _tell_long_failure(connection, words)
    return seconds


def refused(connection: Connection, seen: int, words: str) -> None:
    """The grant is gone: stop, and tell a person once."""
    _held(connection, seen).update(
        refresh_error=words[:500], refresh_after=Now() + Value(timedelta(seconds=REFUSED_SECONDS))
    )
    gates.auth_failed(connection, words)


def orphan_revoke(connection: Connection, tokens: Tokens) -> None:
    """The connection went while the vendor answered: nobody keeps this token, so away with it."""
    try:
        if oauth_of(connection).revoke_url:
            token = tokens.refresh_token or tokens.access_token
            token_revoke(connection, application_of(connection), token)
    except (HubError, requests.RequestException, ImproperlyConfigured) as error:
        logger.warning("a token of connection %s stays: %s", connection.pk, type(error).__name__)


def _cool_down(error: HubError) -> float:
    if isinstance(error, RateLimited):
        # Our own limiter knows to the second when there is a turn.
        return error.after or 1.0 if error.is_local else max(COOL_DOWN_SECONDS, error.after or 0)
    asked = error.after_seconds if isinstance(error, RetryLater) else None
    return max(COOL_DOWN_SECONDS, asked or 0)


def _tell_long_failure(connection: Connection, words: str) -> None:
    long_over = Now() - Value(timedelta(seconds=ALERT_AFTER_SECONDS))
    if Connection.objects.filter(pk=connection.pk, expires_at__lt=long_over).exists():
        connection_alert(
            connection,
            ALERT,
            f"{connection.name}: {connection.provider_name} does not renew our access ({words}). "
            "Work is kept and goes on by itself when it does.",
        )


def _held(connection: Connection, seen: int) -> Any:
    """The connection while its token is the one that was seen."""
    rows = Connection.objects.filter(pk=connection.pk, token_version=seen)
    return rows.exclude(state=ConnectionState.DISABLED)
