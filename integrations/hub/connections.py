"""The only code that writes connections for a person: connect, test, pause, mend, disconnect."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from crm.models import User, Workspace
from integrations.hub import accounts, handshake, reconnection, registry
from integrations.hub.credentials import Secrets
from integrations.hub.errors import AlreadyConnected, Conflict, InvalidSettings
from integrations.hub.former import former_kept
from integrations.hub.intake import credentials_clean, settings_clean
from integrations.hub.models import AuthKind, Connection, ConnectionState, GateReason
from integrations.hub.notices import connection_alerts_over
from integrations.hub.oauth import scopes
from integrations.hub.oauth.names import ACCESS_TOKEN, REFRESH_TOKEN
from integrations.hub.oauth.revocation import grant_revoke
from integrations.hub.sync.holds import streams_back
from integrations.hub.sync.states import states_ensure, streams_go_live
from integrations.hub.types import ConnectionReport

logger = logging.getLogger("integrations.hub.connections")

# What a look that began earlier may change; a connection disconnected meanwhile stays so.
_CONNECTED = set(ConnectionState) - {ConnectionState.DISABLED}
_OPEN_GATE: dict[str, Any] = {
    "gate_until": None,
    "gate_reason": GateReason.NONE,
    "forbidden_streak": 0,
    "refresh_after": None,
    "refused_version": None,
}
OF_A_KEY: dict[str, Any] = {
    **reconnection.NO_TOKEN,
    "auth_kind": AuthKind.KEY,
    "oauth_client_id": "",
    "is_read_only": False,
    "token_issued_at": Now(),
}


def connection_create(
    *,
    workspace: Workspace,
    provider_id: str,
    name: str,
    credentials: Mapping[str, str],
    settings: Mapping[str, Any],
    actor: User | None,
    goes_live: bool = False,
) -> Connection:
    """Connect an account, prove the credentials and register for its events.

    The connection is kept also when the vendor refuses: paused, with `attention` saying why. Its
    streams wait for a rehearsal and a person's word, unless it `goes_live` at once.
    Raises InvalidSettings for values that do not fit the provider, Conflict for a name in use,
    AlreadyConnected for an account that another connection has or had; nothing is kept then.
    """
    provider = registry.get(provider_id)
    if not name.strip():
        raise InvalidSettings({"name": ["Enter a name."]})
    connection = connection_keep(
        workspace=workspace,
        provider=provider_id,
        name=name.strip()[:120],
        credentials=Secrets(credentials_clean(provider, credentials)),
        settings=settings_clean(provider, settings),
        created_by=actor,
        token_issued_at=Now(),
    )
    connection_prove(connection, goes_live=goes_live)
    return connection


def connection_keep(**values: Any) -> Connection:
    """A new row, not proved yet; raises Conflict for a name in use."""
    try:
        with transaction.atomic():
            connection = Connection.objects.create(**values)
    except IntegrityError as error:
        raise Conflict(
            f"There is a connection named {values['name']} already. Choose another name."
        ) from error
    connection.refresh_from_db()
    made_by = _who(connection.created_by)
    logger.info("connection %s (%s) made by user %s", connection.pk, connection.provider, made_by)
    return connection


def connection_prove(connection: Connection, *, goes_live: bool = False) -> ConnectionReport:
    """Test a new connection and register for events; it is active then, or paused with the reason.

    Raises AlreadyConnected, and keeps nothing, when another connection has or had the account.
    """
    report = _settled(connection, _checked(connection))
    if report.is_taken:
        connection.delete()
        raise AlreadyConnected(report.message, holder=report.holder)
    if goes_live and report.is_ok:
        streams_go_live(connection, actor=None)
    return report


def connection_test(connection: Connection) -> ConnectionReport:
    """Ask the vendor whose account this is, and see that its web-hook is right.

    One that answers again is taken back into service and tries once more what was forbidden; one
    whose account another connection has is paused. Raises Conflict when it was disconnected.
    """
    tested = connection.state  # what stops it during the calls is news that they do not refute
    report = _checked(connection)
    if report.is_taken:
        _pause_for(connection, report.message)
    elif report.account is not None:
        scopes.scopes_read(connection)
        if tested == ConnectionState.AUTH_FAILED:
            _activate(connection)
            tested = ConnectionState.ACTIVE
        connection.refresh_from_db()
        missing = scopes.missing_words(connection)
        _attention_set(connection, tested, missing if report.is_ok else report.message)
    return report


def connection_pause(connection: Connection, *, actor: User | None) -> None:
    """Nothing more is sent or processed; what comes in and what changes is kept."""
    _set(connection, {ConnectionState.ACTIVE}, state=ConnectionState.PAUSED)
    logger.info("connection %s paused by user %s", connection.pk, _who(actor))


def connection_resume(connection: Connection, *, actor: User | None) -> ConnectionReport:
    """Waiting work goes on now, also when the vendor does not answer at this moment.

    The account and its web-hook are looked at as in a test. Raises AlreadyConnected when another
    connection has the account.
    """
    report = _checked(connection)
    if report.is_taken:
        raise AlreadyConnected(report.message, holder=report.holder)
    _set(
        connection,
        {ConnectionState.PAUSED, ConnectionState.AUTH_FAILED},
        state=ConnectionState.ACTIVE,
        attention=scopes.missing_words(connection) if report.is_ok else report.message[:500],
        **_OPEN_GATE,
    )
    reconnection.work_goes_on(connection)
    logger.info("connection %s resumed by user %s", connection.pk, _who(actor))
    return report


def credentials_replace(
    connection: Connection, *, credentials: Mapping[str, str], actor: User | None
) -> ConnectionReport:
    """Reconnect with new secrets; raises InvalidSettings, and as `credentials_take` does."""
    stored = reconnection.secrets_readable(connection)
    tokens = {ACCESS_TOKEN, REFRESH_TOKEN} if connection.is_oauth else set()
    kept = {name: value for name, value in stored.items() if name not in tokens}
    cleaned = credentials_clean(connection.declaration, credentials, kept=kept)
    cleaned = former_kept(connection.declaration, stored, cleaned)
    return credentials_take(connection, Secrets(cleaned), values=OF_A_KEY, actor=actor)


def credentials_take(
    connection: Connection, secrets: Secrets, *, values: Mapping[str, Any], actor: User | None
) -> ConnectionReport:
    """Put new secrets in the place of the stored ones: the gate opens, jobs that waited go on.

    What the former ones might not do is tried once more. Cursors, links and mappings stay, also
    those of a connection that was disconnected. The secrets are tried before they are stored.
    Raises Conflict when they open another account, one that another connection has, or none; all
    stays as it is then. When the vendor gives no answer they are stored, and the report says so.
    """
    tried = copy.copy(connection)
    tried.credentials = secrets
    # What is only tried must not be renewed, or mistaken for what is stored.
    tried.auth_kind = AuthKind.KEY
    report = handshake.account_ask(tried)
    refusal = accounts.replacement_refusal(connection, report)
    if refusal:
        raise Conflict(refusal)
    was_disconnected = connection.state == ConnectionState.DISABLED
    back = reconnection.values_back(connection) if was_disconnected else {}
    with transaction.atomic():
        _set(
            connection,
            {ConnectionState.DISABLED} if was_disconnected else _CONNECTED,
            credentials=secrets,
            token_version=F("token_version") + 1,
            **{**_OPEN_GATE, **reconnection.TRY_FORBIDDEN, **values, **back},
        )
        if was_disconnected:
            reconnection.back_note(connection)
    if was_disconnected:
        streams_back(connection)
    logger.info("credentials of connection %s replaced by user %s", connection.pk, _who(actor))
    return _settled(connection, _registered(connection, report))


def connection_disconnect(connection: Connection, *, actor: User | None) -> str:
    """Take web-hook and access away at the vendor as far as that works, and erase the secrets.

    Cursors, links and mappings stay for a reconnect. Returns what became of the access, in words.
    """
    connection.refresh_from_db(fields=["credentials", "settings", "token_version"])
    handshake.webhook_unregister(connection)
    note = grant_revoke(connection)
    Connection.objects.filter(pk=connection.pk).update(
        state=ConnectionState.DISABLED,
        credentials=Secrets(),
        token_version=F("token_version") + 1,
        attention="",
        updated_at=Now(),
        revive_since=None,
        revive_forbidden_until=None,
        **_OPEN_GATE,
        **reconnection.NO_TOKEN,
    )
    connection.refresh_from_db()
    connection_alerts_over(connection)
    logger.info("connection %s disconnected by user %s", connection.pk, _who(actor))
    return note


def _settled(connection: Connection, report: ConnectionReport) -> ConnectionReport:
    if report.is_ok:
        _activate(connection)
    else:
        _pause_for(connection, handshake.failure_words(connection, report))
    return report


def _checked(connection: Connection) -> ConnectionReport:
    """Whose account it is, that no other connection has it, and that its web-hook is right."""
    return _registered(connection, handshake.account_ask(connection))


def _registered(connection: Connection, report: ConnectionReport) -> ConnectionReport:
    if report.account is None:
        return report
    Connection.objects.filter(pk=connection.pk).update(last_success_at=Now())
    for older in accounts.connections_unsure(connection):
        # Asked before a new one takes the account; one that gives no answer stays as it is.
        said = handshake.account_ask(older)
        if said.account is not None:
            accounts.account_claim(older, said.account)
    holder = accounts.account_claim(connection, report.account)
    if holder is not None:
        words = accounts.taken_words(connection, report.account, holder)
        return ConnectionReport(False, words, report.account, is_taken=True, holder=holder.pk)
    return handshake.webhook_ensure(connection, report, handshake.webhook_url(connection))


def _attention_set(connection: Connection, tested: str, words: str) -> None:
    """Of a connection that is still as it was tested: another state has words of its own."""
    same = Connection.objects.filter(pk=connection.pk, state__in=_CONNECTED & {tested})
    same.update(attention=words[:500], updated_at=Now())
    connection.refresh_from_db()


def _activate(connection: Connection) -> None:
    back = {**_OPEN_GATE, **reconnection.forbidden_again(connection)}
    attention = scopes.missing_words(connection)
    _set(connection, _CONNECTED, state=ConnectionState.ACTIVE, attention=attention, **back)
    states_ensure(connection)
    reconnection.work_goes_on(connection)


def _pause_for(connection: Connection, words: str) -> None:
    _set(connection, _CONNECTED, state=ConnectionState.PAUSED, attention=words[:500])


def _set(connection: Connection, before: set[ConnectionState], **values: Any) -> None:
    """Raises Conflict when the connection is in another state by now."""
    changed = Connection.objects.filter(pk=connection.pk, state__in=before).update(
        **values, updated_at=Now()
    )
    connection.refresh_from_db()
    if not changed:
        raise Conflict(f"{connection} {connection.state_words}.")


def _who(actor: User | None) -> str:
    return str(actor.pk) if actor else "-"
