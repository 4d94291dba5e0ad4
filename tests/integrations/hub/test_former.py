"""Signing secrets that were replaced: what was signed before still counts, each for a day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from integrations.hub import former
from integrations.hub.credentials import Secrets
from integrations.hub.former import former_kept
from integrations.hub.models import Connection, InboxEvent
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import post_event

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "webhook_secret"


def replaced(connection: Connection, secret: str) -> None:
    """As a person's replacement goes: what is stored, with one secret exchanged."""
    before = dict(Connection.objects.get(pk=connection.pk).credentials)
    kept = {name: value for name, value in before.items() if ":" not in name}
    stored = former_kept(connection.declaration, before, kept | {NAME: secret})
    Connection.objects.filter(pk=connection.pk).update(credentials=Secrets(stored))


def answer(connection: Connection, id: str, secret: str = echo.WEBHOOK_SECRET) -> int:
    event = {"id": id, "kind": "account.made"}
    signed = echo.signature(json.dumps({"events": [event]}).encode(), secret)
    return post_event(connection, event, **{"X-Echo-Signature": signed}).status_code


def test_event_signed_before_the_change_counts_for_a_day(connection: Connection) -> None:
    replaced(connection, "echo_hook_second")

    assert answer(connection, "evt_1") == 200
    assert InboxEvent.objects.count() == 1
    # It is hidden in texts as the others are.
    assert any(echo.WEBHOOK_SECRET in one for one in Connection.objects.get().credentials.texts())
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert answer(connection, "evt_2") == 400


def test_two_changes_within_a_day_leave_both_former_secrets_in_force(
    connection: Connection,
) -> None:
    began = datetime.now(UTC)
    replaced(connection, "echo_hook_second")
    with time_machine.travel(began + timedelta(hours=10)):
        replaced(connection, "echo_hook_third")

        assert answer(connection, "evt_1") == 200
        assert answer(connection, "evt_2", "echo_hook_second") == 200
        assert answer(connection, "evt_3", "echo_hook_third") == 200
        assert answer(connection, "evt_4", "echo_hook_unknown") == 400
    with time_machine.travel(began + timedelta(hours=25)):
        assert answer(connection, "evt_5") == 400
        assert answer(connection, "evt_6", "echo_hook_second") == 200


def test_same_secret_given_again_keeps_what_signed_before(connection: Connection) -> None:
    replaced(connection, "echo_hook_second")
    replaced(connection, "echo_hook_second")

    assert answer(connection, "evt_1") == 200


def test_only_a_few_former_secrets_are_kept_and_none_that_is_over(connection: Connection) -> None:
    for number in range(former.MOST + 3):
        replaced(connection, f"echo_hook_{number}")
    texts = " ".join(Connection.objects.get().credentials.texts())
    assert [f"echo_hook_{number}" in texts for number in range(former.MOST + 3)] == [
        *[False] * 2,
        *[True] * (former.MOST + 1),
    ]

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        replaced(connection, "echo_hook_last")
        texts = " ".join(Connection.objects.get().credentials.texts())

    assert texts.count("echo_hook_") == 2


def test_former_secret_as_it_was_stored_at_first_is_read_and_kept_on(
    connection: Connection,
) -> None:
    until = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
    stored = dict(connection.credentials) | {
        NAME: "echo_hook_second",
        f"former:{NAME}": echo.WEBHOOK_SECRET,
        f"former-until:{NAME}": until,
    }
    Connection.objects.update(credentials=Secrets(stored))

    assert answer(connection, "evt_1") == 200
    replaced(connection, "echo_hook_third")
    assert answer(connection, "evt_2") == 200
    assert answer(connection, "evt_3", "echo_hook_second") == 200
