"""Tokens: exchange, refresh, look at, revoke; form-encoded, with the app's own credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import requests

from integrations.hub.errors import RetryLater
from integrations.hub.http import session_for
from integrations.hub.models import Connection
from integrations.hubspot.client.paths import BASE, oauth_path
from integrations.hubspot.client.transport import reply_read
from integrations.hubspot.client.values import Json


@dataclass(frozen=True)
class OAuthApp:
    """The app registered at HubSpot; the secret also signs its web-hooks."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """What a grant gave; `expires_in` is in seconds from the reply."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]
    portal_id: str
    user_id: str


class OAuthCalls:
    """`/oauth/2026-03/…`; needs no access token."""

    def __init__(self, connection: Connection, app: OAuthApp) -> None:
        self.connection = connection
        self.app = app

    @cached_property
    def session(self) -> requests.Session:
        return session_for(self.connection)

    def exchange(self, code: str, *, redirect_uri: str) -> Tokens:
        """The code of the consent page for tokens; works once, within some minutes."""
        return _tokens(
            self._post(
                "token",
                grant_type="authorization_code",
                code=code,
                redirect_uri=redirect_uri,
            )
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """Raises RefreshTokenDead when a person has to connect again."""
        return _tokens(
            self._post("token", grant_type="refresh_token", refresh_token=refresh_token),
            refresh_token,
        )

    def introspect(self, token: str) -> Mapping[str, object]:
        """`active`, `scopes`, `hub_id`, `exp` and more."""
        return self._post("token", "introspect", token=token)

    def revoke(self, token: str) -> None:
        """Of a refresh token: with all access tokens made by it."""
        self._post("token", "revoke", token=token)

    def _post(self, *parts: str, **form: str) -> Json:
        answer = self.session.request(
            "POST",
            BASE + oauth_path(*parts),
            data={
                **form,
                "client_id": self.app.client_id,
                "client_secret": self.app.client_secret,
            },
        )
        return reply_read(answer)


def _tokens(said: Json, refresh_token: str = "") -> Tokens:
    """A refresh may leave the refresh token out: the old one stays good."""
    try:
        return Tokens(
            access_token=said["access_token"],
            refresh_token=said.get("refresh_token") or refresh_token,
            expires_in=int(said["expires_in"]),
            scopes=tuple(said.get("scopes") or ()),
            portal_id=str(said.get("hub_id") or ""),
            user_id=str(said.get("user_id") or ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RetryLater("HubSpot's answer holds no token.") from error
