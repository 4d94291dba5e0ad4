"""The calls of RFC 6749, 7009 and 7662, the same for every vendor: exchange, refresh, revoke."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import requests

from integrations.hub.access import OAuth
from integrations.hub.errors import RateLimited, RetryLater
from integrations.hub.http import session_for, status_error
from integrations.hub.models import Connection
from integrations.hub.oauth.applications import Application
from integrations.hub.oauth.names import REFRESH_TOKEN, ApplicationRefused, GrantRefused
from integrations.hub.redaction import redact

KEPT_WORDS = 300
LONGEST_LIFE_SECONDS = 10 * 365 * 86_400
_SHOWN = ("grant_type", "redirect_uri", "client_id")
# https://datatracker.ietf.org/doc/html/rfc6749#section-5.2
GRANT_ERROR = "invalid_grant"
APPLICATION_ERRORS = frozenset(
    {
        "invalid_client",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_request",
        "invalid_scope",
    }
)


@dataclass(frozen=True)
class Tokens:
    """What a grant gave; `lifetime_seconds` counts from the answer, 0 when it does not end.

    A part that the answer left out is empty: the refresh token and the scopes from before stay.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime_seconds: int
    scopes: tuple[str, ...]
    account_id: str


@dataclass(frozen=True)
class Code:
    """What the vendor gave the browser, and what proves that we asked for it."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


def code_exchange(connection: Connection, application: Application, code: Code) -> Tokens:
    """Tokens for the code of the consent page; a code works once, within some minutes."""
    form = {
        "grant_type": "authorization_code",
        "code": code.code,
        "redirect_uri": code.redirect_uri,
    }
    if code.verifier:
        form["code_verifier"] = code.verifier
    oauth = oauth_of(connection)
    return _tokens(oauth, _ask(connection, application, oauth.token_url, form))


def token_refresh(connection: Connection, application: Application) -> Tokens:
    """Raises GrantRefused when a person has to sign in again, RetryLater or RateLimited else."""
    form = {"grant_type": "refresh_token", "refresh_token": connection.secret(REFRESH_TOKEN)}
    oauth = oauth_of(connection)
    return _tokens(oauth, _ask(connection, application, oauth.token_url, form))


def token_introspect(connection: Connection, application: Application, token: str) -> Any:
    """What the vendor says of a token, as RFC 7662 has it."""
    return _ask(connection, application, oauth_of(connection).introspect_url, {"token": token})


def token_revoke(connection: Connection, application: Application, token: str) -> None:
    """Take back a token with all that were made by it, as RFC 7009 has it."""
    _ask(connection, application, oauth_of(connection).revoke_url, {"token": token})


def oauth_of(connection: Connection) -> OAuth:
    declared = connection.declaration.oauth
    if declared is None:
        raise GrantRefused(
            f"{connection.provider_name} takes no sign-in any more; use a key instead."
        )
    return declared


def _ask(
    connection: Connection, application: Application, url: str, form: dict[str, str]
) -> dict[str, Any]:
    """The answer as a dictionary, empty when it has no body; raises HubError."""
    headers = {"Accept": "application/json"}
    if oauth_of(connection).client_auth == "basic":
        auth = (quote_plus(application.client_id), quote_plus(application.client_secret))
    else:
        auth = None
        form = {
            **form,
            "client_id": application.client_id,
            "client_secret": application.client_secret,
        }
    session = session_for(_hiding(connection, application, form))
    # A redirect would carry the secrets on to wherever it leads.
    response = session.request(
        "POST", url, data=form, headers=headers, auth=auth, allow_redirects=False
    )
    return _read(connection, response, [*form.values(), application.client_secret])


def _hiding(
    connection: Connection, application: Application, form: Mapping[str, str]
) -> Connection:
    """The connection as the records of this call see it: with more secrets to hide."""
    hiding = copy.copy(connection)
    hiding.credentials = connection.credentials.merged(
        {f"hidden_{name}": value for name, value in form.items() if name not in _SHOWN}
        | {"hidden_secret": application.client_secret}
    )
    return hiding


def _read(
    connection: Connection, response: requests.Response, secrets: list[str]
) -> dict[str, Any]:
    said = _said(response)
    error = str(said.get("error") or "")
    words = redact(str(said.get("error_description") or said.get("message") or error), secrets)[
        :KEPT_WORDS
    ]
    if error == GRANT_ERROR:
        raise GrantRefused(words or "The grant is not valid any more.")
    if error in APPLICATION_ERRORS:
        raise ApplicationRefused(
            f"{connection.provider_name} does not take our application ({words or error}). An "
            "operator compares its client ID, secret and redirect address with those there."
        )
    refusal = status_error(response)
    if isinstance(refusal, RateLimited | RetryLater):
        raise refusal
    if refusal is not None or response.status_code >= 300 or error:
        # No refusal that OAuth knows: a proxy, or a bad day. What is stored stays.
        raise RetryLater(
            f"{connection.provider_name} answered {response.status_code} when a token was asked "
            f"for{f' ({words})' if words else ''}.",
            status=response.status_code,
        )
    return said


def _said(response: requests.Response) -> dict[str, Any]:
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _tokens(oauth: OAuth, said: Mapping[str, Any]) -> Tokens:
    access = said.get("access_token")
    if not isinstance(access, str) or not access:
        raise RetryLater("The vendor's answer holds no access token.")
    return Tokens(
        access_token=access,
        refresh_token=str(said.get("refresh_token") or ""),
        lifetime_seconds=_lifetime(said.get("expires_in"), oauth.lifetime_seconds),
        scopes=oauth.granted(said),
        account_id=oauth.account(said),
    )


def _lifetime(said: Any, default: int) -> int:
    try:
        seconds = int(float(said))
    except (TypeError, ValueError, OverflowError):
        return default
    return min(max(seconds, 1), LONGEST_LIFE_SECONDS)
