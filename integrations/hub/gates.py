"""Closes and opens a connection: a gate holds all its work back without touching a job."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest, Now

from crm.choices import Severity
from integrations.hub import throttle
from integrations.hub.models import Connection, ConnectionState, GateReason
from integrations.hub.notices import connection_alert, connection_alert_over

AUTH_ALERT = "connection_auth_failed"
RATE_ALERT = "connection_rate_limited"
BUG_ALERT = "connection_same_error"
FORBIDDEN_STREAK = 3
RESUME_WORDS = "press Resume"
LONG_RATE_SECONDS = 3600.0


def close(connection: Connection, *, seconds: float, reason: GateReason) -> None:
    """Nothing of the connection runs before `seconds` from now; a later gate stays."""
    until = Now() + Value(timedelta(seconds=seconds))
    Connection.objects.filter(pk=connection.pk).update(
        gate_until=Greatest(Coalesce(F("gate_until"), Now()), until), gate_reason=reason
    )


def rate_limited(connection: Connection, *, seconds: float) -> None:
    """The vendor refused for too many calls: everybody waits, and goes slower afterwards."""
    throttle.block(connection, seconds)
    close(connection, seconds=seconds, reason=GateReason.RATE)
    if seconds >= LONG_RATE_SECONDS:
        connection_alert(
            connection,
            RATE_ALERT,
            f"{connection.provider_name} makes {connection.name} wait an hour or more. Work is "
            "kept and goes on by itself.",
        )


def rate_over(connection: Connection) -> None:
    """The wait is over and the vendor has answered again; a gate that was closed since stays."""
    waited = Connection.objects.filter(
        pk=connection.pk, gate_reason=GateReason.RATE, gate_until__lte=Now()
    )
    if waited.update(gate_reason=GateReason.NONE, gate_until=None):
        connection_alert_over(connection, RATE_ALERT)


def auth_failed(connection: Connection, words: str) -> bool:
    """Stop the connection until somebody gives new credentials; True for who noticed first.

    A refusal of credentials that were replaced meanwhile changes nothing.
    """
    mend = "Connect again" if connection.is_oauth else "Enter new ones"
    attention = (
        f"{connection.provider_name} refused the credentials ({words}). {mend}; work that waits "
        "goes on then."
    )
    return _stop(connection, attention)


def auth_mended(connection: Connection) -> None:
    connection_alert_over(connection, AUTH_ALERT)


def forbidden(connection: Connection, words: str) -> None:
    """One record may be off limits; three in a row mean that the credentials lack a permission."""
    Connection.objects.filter(pk=connection.pk).update(forbidden_streak=F("forbidden_streak") + 1)
    connection.refresh_from_db(fields=["forbidden_streak"])
    if connection.forbidden_streak >= FORBIDDEN_STREAK:
        permission_missing(connection, words)


def may_resume(connection: Connection) -> bool:
    """Whether it may go on as it is: a person paused it, or is to say what is off limits."""
    is_asked = RESUME_WORDS in connection.attention
    is_stopped = connection.state == ConnectionState.AUTH_FAILED
    return connection.state == ConnectionState.PAUSED or (is_stopped and is_asked)


def permission_missing(connection: Connection, words: str) -> bool:
    """Stop it as for refused credentials; only a person can tell whether records are off limits."""
    mend = "connect again" if connection.is_oauth else "test the connection here"
    attention = (
        f"{connection.provider_name} forbade several records in a row ({words[:200]}). Where a "
        f"permission is missing, grant it there and {mend}: what was forbidden is sent once more. "
        f"Where only those records are off limits, {RESUME_WORDS}. What is forbidden again waits "
        "until somebody tries it."
    )
    return _stop(connection, attention)


def _stop(connection: Connection, attention: str) -> bool:
    attention = attention[:500]
    stopped = Connection.objects.filter(
        pk=connection.pk,
        state=ConnectionState.ACTIVE,
        token_version=connection.token_version,
    ).update(
        state=ConnectionState.AUTH_FAILED,
        gate_reason=GateReason.AUTH,
        attention=attention,
        updated_at=Now(),
    )
    if stopped:
        message = f"{connection.name}: {attention}"
        connection_alert(connection, AUTH_ALERT, message, Severity.URGENT)
    return bool(stopped)


def same_bug(connection: Connection, *, seconds: float, words: str) -> None:
    """The same error of our code met many records: that is not their data's fault."""
    is_new = Connection.objects.filter(
        Q(gate_until=None) | Q(gate_until__lt=Now()), pk=connection.pk
    ).exists()
    close(connection, seconds=seconds, reason=GateReason.BUG)
    if is_new:
        connection_alert(
            connection,
            BUG_ALERT,
            f"{connection.name}: the same error met many records ({words}). Its work waits; an "
            "operator finds the details on the jobs.",
            Severity.URGENT,
        )
