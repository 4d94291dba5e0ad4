"""Credentials are never in clear: not in any table, log line, representation or task."""

from __future__ import annotations

import io
import logging

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database
from django.test import override_settings

from crm.models import User, Workspace
from integrations.hub import connections
from integrations.hub.credentials import Secrets, UnreadableSecrets
from integrations.hub.models import Connection
from integrations.hub.pump import pump
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, post_event
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db(transaction=True)

SECRETS = (echo.API_KEY, echo.WEBHOOK_SECRET)


def whole_database() -> str:
    """Every row of every table, as text."""
    rows = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_secrets_are_nowhere_in_clear_after_all_kinds_of_trouble(
    workspace: Workspace, vendor: EchoVendor, actor: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = connections.connection_create(
        workspace=workspace,
        provider_id="echo",
        name="Echo",
        credentials={"api_key": echo.API_KEY},
        settings={},
        actor=actor,
    )
    command_make(connection)
    command_make(connection, kind="broken")
    leaks = f'{{"message": "you sent {echo.API_KEY}", "token": "abcdef123456"}}'
    vendor.script = [lambda request: echo.Response(leaks, 422)]
    post_event(connection, {"id": "e1", "kind": "account.made", "name": "x", "explode": True})
    for _ in range(4):
        pump(budget_seconds=0)
    vendor.always = status(401)
    command_make(connection)
    for _ in range(4):
        pump(budget_seconds=0)

    text = whole_database()
    assert "you sent [redacted]" in text
    for secret in SECRETS:
        assert secret not in text
        assert secret not in caplog.text
    assert "abcdef123456" not in text


def test_secrets_are_in_no_representation(connection: Connection) -> None:
    for text in (
        repr(connection),
        str(connection),
        repr(connection.credentials),
        f"{vars(connection)}",
    ):
        assert echo.API_KEY not in text


def test_secrets_of_a_dump_are_ciphertext(connection: Connection) -> None:
    out = io.StringIO()

    call_command("dumpdata", "hub.connection", stdout=out)

    assert echo.API_KEY not in out.getvalue()
    assert "gAAAAA" in out.getvalue()


def test_keys_rotate_and_the_old_one_can_go(connection: Connection) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    with override_settings(NEXA_ENCRYPTION_KEYS=[old]):
        Connection.objects.update(credentials=Secrets({"api_key": "kept secret"}))
    with override_settings(NEXA_ENCRYPTION_KEYS=[new, old]):
        call_command("rotate_keys", stdout=io.StringIO())

    with override_settings(NEXA_ENCRYPTION_KEYS=[new]):
        assert Connection.objects.get().secret("api_key") == "kept secret"
    with (
        override_settings(NEXA_ENCRYPTION_KEYS=[old]),
        pytest.raises(UnreadableSecrets, match="Put the key"),
    ):
        Connection.objects.get().secret("api_key")


def test_lost_key_stops_the_connection_with_words(
    connection: Connection, vendor: EchoVendor
) -> None:
    command_make(connection)

    with override_settings(NEXA_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        pump(budget_seconds=1)

    connection.refresh_from_db()
    assert connection.state == "auth_failed"
    assert "cannot be decrypted" in connection.attention
