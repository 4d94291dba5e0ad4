"""Acme declared, its vendor on a free port, and a connection that was signed in at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Value
from django.db.models.functions import Now

from crm.models import Workspace
from integrations.hub import registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import AuthKind, Connection, OAuthApplication, SyncJob
from tests import factories
from tests.integrations.hub.conftest import command_make
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor


@pytest.fixture(autouse=True)
def acme_provider() -> Iterator[None]:
    registry.add(acme.provider)
    yield
    registry.remove("acme")


@pytest.fixture
def vendor(settings: Any) -> Iterator[AcmeVendor]:
    with acme.running_vendor() as vendor:
        settings.NEXA_SANDBOX_URL = vendor.url
        yield vendor


@pytest.fixture
def application(db: None) -> OAuthApplication:
    return OAuthApplication.objects.create(
        provider="acme",
        client_id=acme.CLIENT_ID,
        secrets=Secrets({"client_secret": acme.CLIENT_SECRET}),
    )


def signed_in(workspace: Workspace, vendor: AcmeVendor, **fields: Any) -> Connection:
    """A connection as a sign-in leaves it, its token good for half an hour."""
    access, refresh = vendor.granted()
    values = {
        "provider": "acme",
        "name": factories.unique("Acme"),
        "auth_kind": AuthKind.OAUTH,
        "oauth_client_id": acme.CLIENT_ID,
        "credentials": Secrets({"access_token": access, "refresh_token": refresh}),
        "scopes": ["things.read", "things.write"],
        "remote_account_id": vendor.account_id,
        "token_issued_at": Now(),
        "expires_at": Now() + Value(timedelta(seconds=acme.LIFE_SECONDS)),
    }
    made = Connection.objects.create(workspace=workspace, **(values | fields))
    return Connection.objects.get(pk=made.pk)


@pytest.fixture
def connection(
    workspace: Workspace, vendor: AcmeVendor, application: OAuthApplication
) -> Connection:
    return signed_in(workspace, vendor)


def token_age(connection: Connection, minutes: float) -> Connection:
    """The token was given so many minutes ago; read anew."""
    past = Value(timedelta(minutes=minutes))
    Connection.objects.filter(pk=connection.pk).update(
        token_issued_at=Now() - past,
        expires_at=Now() - past + Value(timedelta(seconds=acme.LIFE_SECONDS)),
    )
    return Connection.objects.get(pk=connection.pk)


def token_ended(connection: Connection, vendor: AcmeVendor) -> Connection:
    """Over on both sides."""
    vendor.tokens_end()
    return token_age(connection, 31)


@pytest.fixture
def account_job(connection: Connection) -> SyncJob:
    """Work that needs a token."""
    return command_make(connection)
