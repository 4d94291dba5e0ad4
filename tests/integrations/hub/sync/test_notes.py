"""A try that went well says what did not go with it."""

from __future__ import annotations

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from crm.choices import Role
from crm.models import Contact
from integrations.hub.models import (
    Attempt,
    Connection,
    FieldMapping,
    RunKind,
    SyncRun,
    SyncStage,
    SyncState,
)
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(connection: Connection, person: str) -> None:
    """Of the title a person decides."""
    titles = FieldMapping.objects.filter(connection=connection, path="title")
    titles.update(rule="manual")
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)


def words_of(contact: Contact) -> str:
    row = Attempt.objects.filter(job__record_id=contact.pk).order_by("pk").last()
    assert row is not None
    assert row.outcome == "done"
    return row.message


def sent_and_skipped(connection: Connection) -> tuple[int, int]:
    runs = SyncRun.objects.filter(connection=connection, kind=RunKind.PUSH, object="")
    run = runs.order_by("pk").last()
    assert run is not None
    return run.synced, run.skipped


def test_try_that_waits_for_a_decision_says_so(
    asked: None,
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    client: Client,
) -> None:
    mirror.edit("people", person, title="CTO")
    desk.edit(contact, title="CEO")

    work()

    assert words_of(contact) == "Not sent: Job title waits for a decision under Conflicts."
    assert sent_and_skipped(connection) == (0, 1)
    client.force_login(factories.membership_make(connection.workspace, role=Role.MANAGER).user)
    page = client.get(reverse("hub:record_systems", args=["contact", contact.pk]))
    assert "Not sent: Job title waits for a decision" in page.content.decode()


def test_try_that_sends_the_rest_says_what_waits(
    asked: None,
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
) -> None:
    mirror.edit("people", person, title="CTO")
    desk.edit(contact, title="CEO", first_name="Augusta")

    work()

    assert words_of(contact) == "Sent, but Job title waits for a decision under Conflicts."
    assert sent_and_skipped(connection) == (1, 0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"is_enabled": False}, "Not sent: its stream is switched off."),
        ({"stage": SyncStage.NEW}, "Not sent: the first sync has not been accepted yet."),
        ({"hold_reason": "Stop"}, "Not sent: its stream waits until somebody lets it go on."),
    ],
)
def test_try_whose_stream_waits_says_so(
    values: dict[str, object], words: str, connection: Connection, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, title="CEO")
    SyncState.objects.filter(connection=connection, record_type="contact").update(**values)

    work()

    assert words_of(contact) == words


def test_try_that_sends_everything_says_nothing(
    connection: Connection, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, title="CEO")

    work()

    assert words_of(contact) == ""
    assert sent_and_skipped(connection) == (1, 0)


def test_try_with_nothing_to_send_says_so(
    connection: Connection, contact: Contact, desk: Desk, mirror: MirrorVendor, person: str
) -> None:
    mirror.edit("people", person, title="CEO")
    desk.edit(contact, title="CEO")

    work()

    assert words_of(contact) == "Nothing had to be sent."
    assert sent_and_skipped(connection) == (0, 1)


def test_try_of_a_value_without_counterpart_says_so(
    connection: Connection, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, lifecycle="opportunity")

    work()

    assert words_of(contact) == "Not sent: Lifecycle has no counterpart there now."
