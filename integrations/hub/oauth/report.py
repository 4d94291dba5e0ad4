"""The credential doctor: what a connection's access is worth now, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from integrations.hub import registry
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.oauth.applications import application_of
from integrations.hub.oauth.names import REFRESH_TOKEN, ApplicationMissing
from integrations.hub.oauth.scopes import Scope, missing_words, scopes_of

ALL_WELL = "Nothing to do."


@dataclass(frozen=True)
class CredentialReport:
    """Of one connection; holds no secret. `held` are names of secrets, `advice` is in sentences."""

    is_oauth: bool
    held: tuple[str, ...]
    scopes: tuple[Scope, ...]
    issued_at: datetime | None
    expires_at: datetime | None
    last_refresh_at: datetime | None
    error: str
    advice: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return not self.advice

    @property
    def missing(self) -> tuple[Scope, ...]:
        return tuple(one for one in self.scopes if one.is_needed and not one.is_granted)

    @property
    def advice_text(self) -> str:
        return " ".join(self.advice) or ALL_WELL

    @property
    def expiry_words(self) -> str:
        """What the end of the token means; empty for what does not end."""
        if self.expires_at is None:
            return ""
        if REFRESH_TOKEN not in self.held:
            return "it cannot be renewed"
        return "renewed by itself when it is next used"


def credential_report(connection: Connection) -> CredentialReport:
    """Reads what is stored; asks no vendor."""
    held, trouble = _held(connection)
    return CredentialReport(
        is_oauth=connection.is_oauth,
        held=held,
        scopes=scopes_of(connection) if registry.find(connection.provider) else (),
        issued_at=connection.token_issued_at,
        expires_at=connection.expires_at,
        last_refresh_at=connection.last_refresh_at,
        error=connection.refresh_error,
        advice=tuple(one for one in (trouble, *_advice(connection, held)) if one),
    )


def report_lines(report: CredentialReport) -> list[str]:
    """For the console and the terminal, a fact a line."""
    lines = [
        f"access: {'sign-in at the vendor' if report.is_oauth else 'key'}",
        f"secrets held (encrypted): {', '.join(report.held) or 'none'}",
        f"given: {_moment(report.issued_at)}",
    ]
    if report.is_oauth:
        lines += [
            f"ends: {_moment(report.expires_at)}",
            f"last renewed: {_moment(report.last_refresh_at)}",
            f"last error: {report.error or 'none'}",
            *(f"scope {one.name}: {_granted(one)}" for one in report.scopes),
        ]
    return [*lines, f"what to do: {report.advice_text}"]


def _held(connection: Connection) -> tuple[tuple[str, ...], str]:
    """Names of what is stored, and what is wrong with reading it."""
    try:
        return tuple(sorted(connection.credentials)), ""
    except ImproperlyConfigured as error:
        return (), str(error)


def _advice(connection: Connection, held: tuple[str, ...]) -> list[str]:
    if connection.state == ConnectionState.DISABLED or not registry.find(connection.provider):
        return []
    if connection.state == ConnectionState.AUTH_FAILED:
        # What stopped it says what mends it, which may be a permission and no new credentials.
        return [
            connection.attention
            or f"{connection.provider_name} refused the credentials: connect again. Work waits, "
            "and nothing is lost."
        ]
    advice = []
    if connection.is_oauth:
        advice = [
            _application_words(connection),
            _ending_words(connection, held),
            missing_words(connection),
        ]
    # As the last test found it: a key that no vendor has refused in earnest may be wrong as well.
    return advice if connection.attention in advice else [*advice, connection.attention]


def _application_words(connection: Connection) -> str:
    try:
        application_of(connection)
    except ApplicationMissing as error:
        return str(error)
    except ImproperlyConfigured as error:
        return f"The application's secret: {error}"
    return ""


def _ending_words(connection: Connection, held: tuple[str, ...]) -> str:
    if connection.refresh_error:
        return (
            f"The last renewal of the access token failed ({connection.refresh_error}). It is "
            "tried again by itself; when it goes on failing, connect again."
        )
    if connection.expires_at is not None and REFRESH_TOKEN not in held:
        return (
            f"{connection.provider_name} gave no way to renew this access. Connect again before it "
            "ends, and allow access while you are away if you are asked."
        )
    return ""


def _granted(scope: Scope) -> str:
    if scope.is_granted:
        return "granted"
    words = f" ({scope.words} does not work)" if scope.words else ""
    return f"MISSING{words}" if scope.is_needed else "not granted (optional)"


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "—"
