"""Renews access tokens ahead of their end: one process at a time, and what was rotated is stored.

No lock and no transaction is held while the vendor is asked. Who finds another renewing waits for
it; nobody renews without the lease, since a rotated refresh token is burnt by a second use.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import requests
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database

from integrations.hub import leases
from integrations.hub.classification import classified
from integrations.hub.errors import AuthExpired, GateClosed, HubError
from integrations.hub.faults import fault
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.oauth import renewal_marks as marks
from integrations.hub.oauth.applications import application_of
from integrations.hub.oauth.names import ACCESS_TOKEN, REFRESH_TOKEN, GrantRefused
from integrations.hub.oauth.token_calls import Tokens, token_refresh

logger = logging.getLogger("integrations.hub.oauth")

# Longer than the longest call: 5 s for a turn, 5 s to connect, 20 s to read, 30 s of body.
LEASE_SECONDS = 90
MARGIN_MINUTES = 15
WAIT_SECONDS = 10.0
POLL_SECONDS = 0.1
AGAIN_SECONDS = 5.0
# A token that a renewal after a 401 gave, and that is refused as well, was not the fault.
REFUSED_AGAIN_SECONDS = 300

# Ahead of the end by a quarter of an hour, or by half the life of a token that lives shorter.
LOOK = """
SELECT token_version, state,
       expires_at <= statement_timestamp() + LEAST(
           %s * interval '1 minute', (expires_at - token_issued_at) / 2),
       expires_at <= statement_timestamp(),
       EXTRACT(EPOCH FROM refresh_after - statement_timestamp()),
       refused_version = token_version
           AND token_issued_at > statement_timestamp() - %s * interval '1 second'
FROM hub_connection WHERE id = %s
"""


@dataclass(frozen=True)
class Look:
    """The stored token as the database's clock judges it; `cooling` is seconds still to wait."""

    version: int
    state: str
    is_due: bool
    is_over: bool
    cooling: float
    is_refused_anew: bool

    @property
    def is_failed(self) -> bool:
        return self.state == ConnectionState.AUTH_FAILED


def access_token(connection: Connection) -> str:
    """The token for the next call, of a typed-in key and of a sign-in alike.

    Takes over what another process renewed and renews it itself ahead of its end. Raises GateClosed
    when that cannot be done now, GrantRefused when a person has to sign in again.
    """
    if connection.is_oauth:
        look = _look(connection)
        _take_over(connection, look)
        if look.is_due:
            _renew_due(connection, look)
    return connection.secret(ACCESS_TOKEN)


def renew_for_person(connection: Connection) -> None:
    """What a person asks for is tried also when the last try failed a moment ago."""
    if not connection.is_oauth:
        return
    look = _look(connection)
    _take_over(connection, look)
    if look.is_due and connection.secret(REFRESH_TOKEN):
        _renew(connection, look, is_needed=look.is_over)


def renewed_after_refusal(connection: Connection) -> bool:
    """After a 401: whether the connection has another token by now, so that one retry is worth it.

    One forced renewal, unless somebody has renewed since. Raises what a renewal raises.
    """
    if not connection.is_oauth:
        return False
    look = _look(connection)
    if look.version != connection.token_version:
        _take_over(connection, look)
        return True
    if look.is_refused_anew or look.is_failed or not connection.secret(REFRESH_TOKEN):
        return False
    if look.cooling > 0:
        raise _held(connection, look)
    _renew(connection, look, is_needed=True, is_forced=True)
    return connection.token_version != look.version


def renew_idle(connection: Connection) -> None:
    """Use a refresh token that lay still, so that it does not end of that."""
    look = _look(connection)
    _take_over(connection, look)
    if look.cooling <= 0:
        _renew(connection, look, is_needed=False)


def _renew_due(connection: Connection, look: Look) -> None:
    can_renew = bool(connection.secret(REFRESH_TOKEN)) and not look.is_failed
    if can_renew and look.cooling <= 0:
        _renew(connection, look, is_needed=look.is_over)
    elif look.is_over:
        raise _held(connection, look)


def _renew(connection: Connection, look: Look, *, is_needed: bool, is_forced: bool = False) -> None:
    """`is_needed`: the old token is of no use; else whoever else renews needs not be waited for."""
    lease = leases.take(f"refresh:{connection.pk}", LEASE_SECONDS)
    if lease is None:
        if is_needed:
            _wait(connection, look.version)
        return
    try:
        now = _look(connection)
        _take_over(connection, now)
        if now.version == look.version:
            _renew_held(connection, lease, look.version, is_forced=is_forced)
    finally:
        leases.release(lease)


def _renew_held(connection: Connection, lease: leases.Lease, seen: int, *, is_forced: bool) -> None:
    marks.started(connection, seen)
    fault("refresh.before_call")
    try:
        tokens = token_refresh(connection, application_of(connection))
    except (HubError, requests.RequestException, ImproperlyConfigured) as error:
        _failed(connection, seen, error, is_forced=is_forced)
        return
    fault("refresh.after_call")
    if marks.stored(connection, lease, seen, tokens, is_forced=is_forced):
        logger.info("token of connection %s renewed", connection.pk)
        _take_over(connection, _look(connection))
    else:
        _overtaken(connection, seen, tokens)


def _failed(connection: Connection, seen: int, error: Exception, *, is_forced: bool) -> None:
    """Only a definite refusal ends the connection; anything else leaves it as it was."""
    look = _look(connection)
    if look.version != seen:
        # Somebody else renewed: the refusal was of a token that is stored no more.
        _take_over(connection, look)
        return
    known = classified(error, connection.declaration.error)
    if isinstance(known, AuthExpired):
        refusal = known if isinstance(known, GrantRefused) else GrantRefused(str(known))
        marks.refused(connection, seen, str(refusal))
        raise refusal from error
    is_useless = look.is_over or is_forced
    seconds = marks.failed(connection, seen, known, is_useless=is_useless)
    logger.warning("token of connection %s not renewed: %s", connection.pk, known.code)
    if is_useless:
        raise GateClosed(_later_words(connection, str(known)), after=seconds) from error


def _overtaken(connection: Connection, seen: int, tokens: Tokens) -> None:
    """The lease, the credentials or the connection went while the vendor answered."""
    look = _look(connection, tokens)
    if look.version == seen:
        raise GateClosed(_later_words(connection, "it took too long"), after=AGAIN_SECONDS)
    _take_over(connection, look)


def _wait(connection: Connection, seen: int) -> None:
    """Until the holder is through; raises GateClosed when that takes long, so that work waits."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        look = _look(connection)
        if look.version != seen:
            _take_over(connection, look)
            return
        if look.is_failed or look.cooling > 0:
            raise _held(connection, look)
    raise GateClosed(
        f"The access token of {connection} is being renewed by another process.",
        after=AGAIN_SECONDS,
    )


def _held(connection: Connection, look: Look) -> HubError:
    """Why there is no token that works now."""
    connection.refresh_from_db(fields=["refresh_error"])
    said = connection.refresh_error
    if look.is_failed or not connection.secret(REFRESH_TOKEN):
        return GrantRefused(said or "The access has ended. Connect again.")
    return GateClosed(_later_words(connection, said), after=max(look.cooling, 1.0))


def _later_words(connection: Connection, said: str) -> str:
    return (
        f"The access token of {connection} cannot be renewed yet ({said}). It is tried again by "
        "itself."
    )


def _look(connection: Connection, orphan: Tokens | None = None) -> Look:
    """Raises GateClosed when the connection is gone; `orphan` is then taken back at the vendor."""
    with database.cursor() as cursor:
        cursor.execute(LOOK, [MARGIN_MINUTES, REFUSED_AGAIN_SECONDS, connection.pk])
        row = cursor.fetchone()
    if row is None or row[1] == ConnectionState.DISABLED:
        if orphan is not None:
            marks.orphan_revoke(connection, orphan)
        raise GateClosed(f"{connection} is disconnected.", after=AGAIN_SECONDS)
    version, state, is_due, is_over, cooling, is_refused_anew = row
    return Look(
        version=version,
        state=state,
        is_due=bool(is_due),
        is_over=bool(is_over),
        cooling=float(cooling or 0),
        is_refused_anew=bool(is_refused_anew),
    )


def _take_over(connection: Connection, look: Look) -> None:
    """What is stored by now, when it is not what the caller holds."""
    if look.version != connection.token_version:
        connection.refresh_from_db(fields=marks.TOKEN_FIELDS)
