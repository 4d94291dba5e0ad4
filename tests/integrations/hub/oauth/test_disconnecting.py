"""Disconnecting takes access back at the vendor, as far as it lets us."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.db.models import F, Value
from django.test import Client
from django.urls import reverse

from crm.models import User, Workspace
from integrations.hub import connections
from integrations.hub.credentials import Secrets
from integrations.hub.models import (
    Connection,
    ConnectionState,
    OAuthAttempt,
)
from integrations.hub.oauth.revocation import grant_revoke
from integrations.hub.retention import prune
from tests import factories
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor, answered
from tests.integrations.hub.oauth.conftest import signed_in
from tests.integrations.hub.oauth.signing_in import (
    onward,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("application")]


def test_disconnecting_takes_access_back_and_says_so(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    page = admin_client.post(
        reverse("hub:connection_disconnect", args=[connection.pk]),
        {"name": connection.name},
        follow=True,
    ).content.decode()

    now = Connection.objects.get()
    assert "Access was taken back at Acme." in unescape(page)
    assert vendor.revoked == [connection.secret("refresh_token")]
    assert (now.state, dict(now.credentials), now.scopes) == (ConnectionState.DISABLED, {}, [])


def test_vendor_that_does_not_revoke_cannot_keep_us_connected(
    connection: Connection, vendor: AcmeVendor, actor: User
) -> None:
    vendor.always = answered(500)

    said = connections.connection_disconnect(connection, actor=actor)

    assert "did not confirm" in said
    assert connection.state == ConnectionState.DISABLED


def test_access_that_another_connection_uses_is_left(
    connection: Connection, vendor: AcmeVendor
) -> None:
    signed_in(factories.workspace_make(), vendor)

    assert "stays, since another connection" in grant_revoke(connection)
    assert vendor.revoked == []


def test_key_is_not_revoked(workspace: Workspace, vendor: AcmeVendor, actor: User) -> None:
    typed = Connection.objects.create(
        workspace=workspace,
        provider="acme",
        name="Typed",
        credentials=Secrets({"access_token": acme.KEY}),
    )

    assert connections.connection_disconnect(typed, actor=actor) == ""
    assert vendor.revoked == []


def test_sign_ins_that_ended_are_forgotten_after_a_day(
    admin_client: Client, vendor: AcmeVendor
) -> None:
    onward(admin_client)
    onward(admin_client)
    old = OAuthAttempt.objects.order_by("pk").first()
    assert old is not None
    OAuthAttempt.objects.filter(pk=old.pk).update(
        expires_at=F("expires_at") - Value(timedelta(days=2))
    )

    prune()

    assert OAuthAttempt.objects.count() == 1
