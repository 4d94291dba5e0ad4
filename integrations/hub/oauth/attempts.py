"""One sign-in under way: begun by a person, bound to their session, ended by one answer."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db.models import Value
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare

from crm.models import User, Workspace
from integrations.hub.access import OAuth
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection, OAuthAttempt
from integrations.hub.oauth.applications import Application, application_find, redirect_uri
from integrations.hub.oauth.names import ApplicationMissing, SignInRefused
from integrations.hub.provider import Provider

ATTEMPT_MINUTES = 15
LONGEST_STATE = 200
VERIFIER = "code_verifier"


@dataclass(frozen=True)
class Person:
    """Who signs in: the person, in which workspace, and a random value of their session."""

    user: User
    workspace: Workspace
    binder: str = field(repr=False)


@dataclass(frozen=True)
class Wish:
    """What is to be connected: one again, or a new one by this name and these settings."""

    connection: Connection | None = None
    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_read_only: bool = False


def attempt_begin(provider: Provider, person: Person, wish: Wish) -> str:
    """The address of the vendor's consent page; raises ApplicationMissing."""
    application = application_find(provider.id, person.workspace)
    if provider.oauth is None or application is None:
        raise ApplicationMissing(f"No application is set up at {provider.name}.")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    kept: Any = Secrets({VERIFIER: verifier} if provider.oauth.uses_pkce else {})
    attempt = OAuthAttempt.objects.create(
        state_hash=hashed(state),
        session_hash=hashed(person.binder),
        workspace=person.workspace,
        user=person.user,
        provider=provider.id,
        connection=wish.connection,
        name=wish.name,
        settings=dict(wish.settings),
        is_read_only=wish.is_read_only,
        client_id=application.client_id,
        redirect_uri=redirect_uri(),
        scopes=_asked(provider.oauth, is_read_only=wish.is_read_only),
        secrets=kept,
        expires_at=Now() + Value(timedelta(minutes=ATTEMPT_MINUTES)),
    )
    return _address(provider, attempt, application, state)


def attempt_take(state: str, person: Person) -> OAuthAttempt:
    """The sign-in that an answer belongs to, which no further answer can use.

    Raises SignInRefused for an answer that nobody waits for, that came before or too late, or that
    belongs to another person, session or workspace; those leave the sign-in to its own person.
    """
    digest = hashed(state[:LONGEST_STATE])
    attempt = OAuthAttempt.objects.filter(state_hash=digest).first()
    if attempt is None or not constant_time_compare(attempt.state_hash, digest):
        raise SignInRefused(
            "This answer belongs to no sign-in that was begun here. Nothing was connected; begin "
            "again from the integrations page."
        )
    _check_person(attempt, person)
    used = OAuthAttempt.objects.filter(pk=attempt.pk, used_at=None, expires_at__gt=Now())
    if not used.update(used_at=Now()):
        raise SignInRefused(
            f"This sign-in was used already, or was begun more than {ATTEMPT_MINUTES} minutes ago. "
            "Nothing more was connected; begin again from the integrations page."
        )
    return attempt


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def authorize_base(provider: Provider) -> str:
    """Where the browser goes: the vendor, or the sandbox in its place."""
    url = provider.oauth.authorize_url if provider.oauth else ""
    if not settings.NEXA_SANDBOX_URL:
        return url
    return f"{settings.NEXA_SANDBOX_URL.rstrip('/')}/{provider.id}{urlsplit(url).path}"


def _check_person(attempt: OAuthAttempt, person: Person) -> None:
    is_session = constant_time_compare(attempt.session_hash, hashed(person.binder))
    if not is_session or attempt.user_id != person.user.pk:
        raise SignInRefused(
            "This sign-in was begun by somebody else, or before you signed in here. Nothing was "
            "connected; begin again from the integrations page."
        )
    if attempt.workspace_id != person.workspace.pk:
        raise SignInRefused(
            f"This sign-in was begun in the workspace {attempt.workspace}. Nothing was connected; "
            "switch back to it and begin again from its integrations page."
        )


def _asked(oauth: OAuth, *, is_read_only: bool) -> list[str]:
    needed = oauth.scopes_needed(is_read_only=is_read_only)
    return list(dict.fromkeys((*needed, *oauth.optional_scopes)))


def _address(
    provider: Provider, attempt: OAuthAttempt, application: Application, state: str
) -> str:
    oauth = provider.oauth
    assert oauth is not None, "attempt_begin has asked"
    needed = oauth.scopes_needed(is_read_only=attempt.is_read_only)
    optional = oauth.scope_separator.join(oauth.optional_scopes)
    asked = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": attempt.redirect_uri,
        "scope": oauth.scope_separator.join(
            needed if oauth.optional_scope_parameter else attempt.scopes
        ),
        "state": state,
        **oauth.authorize_parameters,
    }
    if oauth.optional_scope_parameter and optional:
        asked[oauth.optional_scope_parameter] = optional
    if VERIFIER in attempt.secrets:
        asked |= {
            "code_challenge": challenge_of(attempt.secrets[VERIFIER]),
            "code_challenge_method": "S256",
        }
    said = urlencode({name: value for name, value in asked.items() if value})
    separator = "&" if "?" in oauth.authorize_url else "?"
    return f"{authorize_base(provider)}{separator}{said}"


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
