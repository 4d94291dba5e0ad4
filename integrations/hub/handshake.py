"""What a vendor is asked when an account is connected: whose it is, and to send us events."""

from __future__ import annotations

import copy
import logging
import time
from dataclasses import replace
from textwrap import shorten

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from integrations.hub import leases, registry
from integrations.hub.classification import BUG_PREFIX, classified
from integrations.hub.errors import AuthExpired, Forbidden, Rejected
from integrations.hub.http import recording
from integrations.hub.intake import sandbox_words
from integrations.hub.models import Connection, ConnectionState, RunKind, RunStatus, SyncRun
from integrations.hub.oauth import renewal
from integrations.hub.oauth.names import GrantRefused
from integrations.hub.redaction import redact
from integrations.hub.types import AccountInfo, ConnectionReport, Registration

logger = logging.getLogger("integrations.hub.connections")

# Longer than the few calls that a look at a web-hook takes.
ENSURE_SECONDS = 120
CHANGED_MEANWHILE = (
    "The connection was changed or disconnected while its web-hook was looked at, so nothing of "
    "it was stored. Test it again."
)


def webhook_url(connection: Connection) -> str:
    """Where the vendor sends events; empty when the provider takes none."""
    declared = registry.find(connection.provider)
    if declared is None or declared.webhook is None:
        return ""
    path = reverse("hub:webhook", args=[connection.provider, connection.webhook_key])
    return f"{django_settings.NEXA_BASE_URL}{path}"


def account_ask(connection: Connection) -> ConnectionReport:
    """Ask whose account it is; the answer goes into the sync log."""
    started = time.monotonic()
    with recording():
        report = _asked(connection)
    _log_test(connection, report, int((time.monotonic() - started) * 1000))
    return report


def failure_words(connection: Connection, report: ConnectionReport) -> str:
    """Why a connection rests, and after a refusal what to do, whole however long the reason is."""
    if not report.is_refused:
        return report.message
    door = "Connect again" if connection.is_oauth else "New credentials"
    advice = f"The connection is kept, paused, and calls nobody. Enter others under “{door}”."
    worded = f"{advice} {sandbox_words(*connection.declaration.credential_fields)}".strip()
    return f"{shorten(report.message, width=498 - len(worded), placeholder=' …')} {worded}"


def webhook_ensure(connection: Connection, report: ConnectionReport, url: str) -> ConnectionReport:
    """The report with what was found or mended of the web-hook; not ok when it cannot be right.

    One look at a time for each connection, so that two people do not make two web-hooks.
    """
    webhook = connection.declaration.webhook
    if webhook is None or webhook.ensure is None:
        return report
    lease = leases.take(f"webhook:{connection.pk}", ENSURE_SECONDS)
    if lease is None:
        note = "The web-hook is being looked at by somebody else now."
        return replace(report, message=f"{report.message} {note}")
    try:
        connection.refresh_from_db(fields=["credentials", "settings", "state", "token_version"])
        if connection.state == ConnectionState.DISABLED:
            return replace(report, is_ok=False, message=CHANGED_MEANWHILE)
        found = webhook.ensure(connection, url)
        if not _kept(connection, found):
            _taken_away(connection, found)
            return replace(report, is_ok=False, message=CHANGED_MEANWHILE)
        _webhook_note(connection, found.note)
        return replace(report, message=f"{report.message} {found.note}")
    except Exception as error:  # the boundary to the provider; the words go to the person
        return replace(report, is_ok=False, message=_webhook_trouble(connection, error))
    finally:
        leases.release(lease)


@transaction.atomic
def _kept(connection: Connection, found: Registration) -> bool:
    """Put what was found beside what is stored now.

    False, and nothing stored, when the vendor was asked with credentials that are stored no more:
    to write those back would undo a disconnect, or bring a leaked key back.
    """
    asked = Connection.objects.select_for_update(no_key=True).filter(
        pk=connection.pk, token_version=connection.token_version
    )
    row = asked.exclude(state=ConnectionState.DISABLED).first()
    if row is None:
        return False
    if found.secrets or found.settings:
        connection.credentials = row.credentials.merged(found.secrets)
        connection.settings = {**row.settings, **found.settings}
        connection.save(update_fields=["credentials", "settings"])
    return True


def _taken_away(connection: Connection, found: Registration) -> None:
    """The web-hook just made is nobody's: away with it, by the credentials that made it."""
    if not found.settings:
        return
    made = copy.copy(connection)
    made.credentials = connection.credentials.merged(found.secrets)
    made.settings = {**connection.settings, **found.settings}
    webhook_unregister(made)


def _webhook_trouble(connection: Connection, error: Exception) -> str:
    said = (
        f"The credentials work, but {connection.provider_name} refused the web-hook: "
        f"{_words(connection, error)} Nothing is lost; correct it, then test or resume."
    )[:500]
    _webhook_note(connection, said)
    return said


def _webhook_note(connection: Connection, note: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        webhook_note=note[:500], webhook_checked_at=Now()
    )


def webhook_unregister(connection: Connection) -> None:
    """As far as that works: a vendor that refuses must not be able to keep us connected."""
    declared = registry.find(connection.provider)
    if declared is None or declared.webhook is None or declared.webhook.unregister is None:
        return
    try:
        declared.webhook.unregister(connection)
    except Exception as error:  # the boundary to the provider
        logger.warning(
            "web-hook of connection %s stays: %s", connection.pk, _words(connection, error)
        )


def _asked(connection: Connection) -> ConnectionReport:
    try:
        account = _account(connection)
    except Exception as error:  # the boundary to the provider; the words go to the person
        words = _words(connection, error)
        said = f"{connection.provider_name} cannot be used: {words}"[:500]
        known = classified(error, connection.declaration.error)
        is_refused = isinstance(known, AuthExpired | Forbidden | Rejected)
        return ConnectionReport(False, said, is_refused=is_refused)
    return ConnectionReport(
        True, f"{connection.provider_name} answered: {account.name or account.id}.", account
    )


def _account(connection: Connection) -> AccountInfo:
    """A token that ended is renewed first, and one that is refused all the same once more."""
    check = connection.declaration.check
    renewal.renew_for_person(connection)
    try:
        return check(connection)
    except Exception as error:  # the boundary to the provider; judged, and raised on
        known = classified(error, connection.declaration.error)
        is_tokens = isinstance(known, AuthExpired) and not isinstance(known, GrantRefused)
        if not is_tokens or not renewal.renewed_after_refusal(connection):
            raise
    return check(connection)


def _words(connection: Connection, error: Exception) -> str:
    """What happened, for a person and without secrets; an error of ours is also logged."""
    known = classified(error, connection.declaration.error)
    hidden = connection.credentials.texts()
    if known.code.startswith(BUG_PREFIX):
        logger.error("%s: %s", connection.provider, redact(repr(error), hidden))
        return "an error of our own, which the operator finds in the log."
    return redact(str(known), hidden)


def _log_test(connection: Connection, report: ConnectionReport, duration_ms: int) -> None:
    SyncRun.objects.create(
        connection=connection,
        kind=RunKind.TEST,
        status=RunStatus.SUCCESS if report.is_ok else RunStatus.FAILED,
        total=1,
        synced=int(report.is_ok),
        failed=int(not report.is_ok),
        error="" if report.is_ok else report.message,
        duration_ms=duration_ms,
    )
