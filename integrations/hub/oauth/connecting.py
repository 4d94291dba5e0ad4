"""The vendor's answer to a sign-in: code to tokens, whose account it is, connected or refused."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import requests
from django.core.exceptions import ImproperlyConfigured

from crm.models import User
from integrations.hub import accounts, connections, reconnection, registry
from integrations.hub.classification import classified
from integrations.hub.credentials import Secrets
from integrations.hub.errors import AlreadyConnected, HubError
from integrations.hub.models import AuthKind, Connection, OAuthAttempt
from integrations.hub.oauth.applications import application_of
from integrations.hub.oauth.attempts import VERIFIER
from integrations.hub.oauth.names import ACCESS_TOKEN, REFRESH_TOKEN, SignInRefused
from integrations.hub.oauth.renewal_marks import token_secrets, token_values
from integrations.hub.oauth.token_calls import Code, Tokens, code_exchange
from integrations.hub.redaction import redact
from integrations.hub.types import AccountInfo, ConnectionReport

logger = logging.getLogger("integrations.hub.oauth")

LONGEST_CODE = 4096
LONGEST_WORDS = 200
DENIED = "access_denied"


def answer_code(attempt: OAuthAttempt, answer: Mapping[str, str]) -> str:
    """The code of the vendor's answer; raises SignInRefused with what the vendor said else."""
    vendor = _vendor(attempt)
    kept = "What was connected before is as it was." if attempt.connection_id else ""
    if answer.get("error") == DENIED:
        raise SignInRefused(
            f"Access was not granted at {vendor}. Nothing was connected. {kept} When you want to "
            "connect it after all, begin again and allow what is asked."
        )
    if answer.get("error"):
        said = redact(" ".join([answer["error"], answer.get("error_description", "")]).strip())
        raise SignInRefused(
            f"{vendor} refused the sign-in: {said[:LONGEST_WORDS]}. Nothing was connected. {kept}"
        )
    code = answer.get("code", "")
    if not code or len(code) > LONGEST_CODE:
        raise SignInRefused(
            f"{vendor}'s answer holds no code. Nothing was connected. {kept} Begin again."
        )
    return code


def grant_finish(attempt: OAuthAttempt, code: str, *, actor: User) -> ConnectionReport:
    """Connect with what was granted; the attempt's `connection` is the connected one afterwards.

    Raises HubError in words when nothing was connected: SignInRefused when the vendor gave no
    tokens, Conflict when the account is not the one that may be connected here.
    """
    if attempt.connection is not None:
        return _again(attempt, attempt.connection, code, actor)
    return _new(attempt, code, actor)


def _new(attempt: OAuthAttempt, code: str, actor: User) -> ConnectionReport:
    connection = Connection(
        workspace=attempt.workspace,
        provider=attempt.provider,
        name=attempt.name,
        settings=attempt.settings,
        oauth_client_id=attempt.client_id,
    )
    tokens = _tokens(attempt, connection, code)
    attempt.connection = connections.connection_keep(
        workspace=attempt.workspace,
        provider=attempt.provider,
        # Taken while the person was at the vendor: access was granted all the same.
        name=reconnection.name_free(connection),
        settings=attempt.settings,
        credentials=Secrets(token_secrets(tokens)),
        created_by=actor,
        **_values(attempt, tokens),
    )
    report = connections.connection_prove(attempt.connection)
    if report.account is None and tokens.account_id:
        # The vendor gives no answer now, but whose account it is was in the tokens' one.
        _claim(attempt.connection, AccountInfo(tokens.account_id, tokens.account_id))
    return report


def _claim(connection: Connection, account: AccountInfo) -> None:
    """Raises AlreadyConnected, and keeps nothing, when another one has or had the account."""
    holder = accounts.account_claim(connection, account)
    if holder is not None:
        connection.delete()
        words = accounts.taken_words(connection, account, holder)
        raise AlreadyConnected(words, holder=holder.pk)


def _again(
    attempt: OAuthAttempt, connection: Connection, code: str, actor: User
) -> ConnectionReport:
    """The same row, so that cursors, links and mappings stay."""
    asking = Connection(
        workspace=attempt.workspace,
        provider=attempt.provider,
        name=connection.name,
        settings=connection.settings,
        oauth_client_id=attempt.client_id,
    )
    tokens = _tokens(attempt, asking, code)
    if tokens.account_id:
        account = AccountInfo(tokens.account_id, tokens.account_id)
        said = ConnectionReport(True, "", account)
        refusal = accounts.replacement_refusal(connection, said)
        if refusal:
            raise SignInRefused(refusal)
    return connections.credentials_take(
        connection,
        Secrets({**_others(connection), **token_secrets(tokens)}),
        values={**reconnection.NO_TOKEN, **_values(attempt, tokens)},
        actor=actor,
    )


def _tokens(attempt: OAuthAttempt, connection: Connection, code: str) -> Tokens:
    proof = Code(code, attempt.secrets.get(VERIFIER, ""), attempt.redirect_uri)
    try:
        return code_exchange(connection, application_of(connection), proof)
    except (HubError, requests.RequestException, ImproperlyConfigured) as error:
        known = classified(error, connection.declaration.error)
        said = redact(str(known), [code, proof.verifier])
        logger.warning("sign-in at %s came to nothing: %s", attempt.provider, known.code)
        raise SignInRefused(
            f"{_vendor(attempt)} granted access, but gave no token for it: {said} Nothing was "
            "connected or changed; begin again."
        ) from error


def _values(attempt: OAuthAttempt, tokens: Tokens) -> dict[str, Any]:
    """Scopes that the answer leaves out are those that were asked for (RFC 6749, 5.1)."""
    return {
        **token_values(tokens),
        "scopes": list(tokens.scopes) or list(attempt.scopes),
        "auth_kind": AuthKind.OAUTH,
        "oauth_client_id": attempt.client_id,
        "is_read_only": attempt.is_read_only,
    }


def _others(connection: Connection) -> dict[str, str]:
    """Secrets that are none of the access itself, such as that of a web-hook."""
    typed = {one.name for one in connection.declaration.credential_fields if one.is_required}
    gone = {ACCESS_TOKEN, REFRESH_TOKEN, *typed}
    try:
        stored = dict(connection.credentials)
    except ImproperlyConfigured:
        return {}
    return {name: value for name, value in stored.items() if name not in gone}


def _vendor(attempt: OAuthAttempt) -> str:
    declared = registry.find(attempt.provider)
    return declared.name if declared else attempt.provider
