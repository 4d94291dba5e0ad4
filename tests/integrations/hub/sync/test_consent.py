"""Who said no to e-mail on either side is not written to again because of a sync."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import ConsentEntry, Contact
from integrations.hub import registry
from integrations.hub.conflicts import conflict_resolve
from integrations.hub.mapping.edits import field_create
from integrations.hub.merge import Side
from integrations.hub.models import ConflictState, Connection, SyncConflict
from integrations.hub.streams import ExternalField
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.invariants import hub_check
from tests.integrations.hub.sync.world import Desk, ours_of, pull, quiesce

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = {"true": True, "false": False, "": None}
NEWS = ExternalField("news", "News")


@pytest.fixture(autouse=True)
def mapped(connection: Connection) -> None:
    """An admin maps the answer, as no provider's rows do by themselves here."""
    values = {
        "path": "email_opt_in",
        "external": "news",
        "transform": [{"kind": "boolean", "is_text": True}],
        "direction": "both",
        "rule": "theirs_wins",
    }
    stream = registry.get(connection.provider).stream("people")
    assert stream
    field_create(connection, stream, values=values, actor=None, fields=[NEWS])


def answers(contact: Contact, mirror: MirrorVendor, person: str) -> tuple[Any, Any]:
    contact.refresh_from_db()
    return contact.email_opt_in, WORDS[mirror.value("people", person, "news")]


def test_refusal_here_is_sent_to_whom_we_meet_there(
    connection: Connection, mirror: MirrorVendor, desk: Desk
) -> None:
    contact = desk.make("contact", email="ada@acme.test", email_opt_in=False)
    person = mirror.add("people", email="ada@acme.test", news="true")

    quiesce(connection, mirror)

    assert answers(contact, mirror, person) == (False, False)
    [conflict] = SyncConflict.objects.filter(field="email_opt_in")
    assert (conflict.state, conflict.winner) == (ConflictState.SETTLED, "ours")
    assert [line.opted_in for line in contact.consent_log.all()] == [False]
    hub_check(connection, mirror, desk)


def test_yes_there_over_a_refusal_waits_for_a_person(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.edit(contact, email_opt_in=False)
    quiesce(connection, mirror)
    mirror.edit("people", person, news="true")

    quiesce(connection, mirror)

    assert answers(contact, mirror, person) == (False, True)
    conflict = SyncConflict.objects.get(field="email_opt_in")
    assert conflict.state == ConflictState.OPEN

    conflict_resolve(conflict, winner=Side.THEIRS, actor=factories.user_make())
    quiesce(connection, mirror)

    assert answers(contact, mirror, person) == (True, True)
    line = ConsentEntry.objects.filter(contact=contact).latest("pk")
    assert (line.opted_in, line.source) == (True, "connection")
    hub_check(connection, mirror, desk)


def test_refusal_there_is_taken_over_and_told_once_in_the_consent_log(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    desk.edit(contact, email_opt_in=True)
    quiesce(connection, mirror)
    mirror.edit("people", person, news="false")

    quiesce(connection, mirror)

    assert answers(contact, mirror, person) == (False, False)
    assert [line.opted_in for line in contact.consent_log.order_by("pk")] == [True, False]
    assert not SyncConflict.objects.exists()


def test_person_who_opts_in_here_is_followed(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    mirror.edit("people", person, news="false")
    quiesce(connection, mirror)
    desk.edit(contact, email_opt_in=True)

    quiesce(connection, mirror)

    assert answers(contact, mirror, person) == (True, True)
    hub_check(connection, mirror, desk)


def test_yes_of_a_new_person_there_is_taken_over(
    connection: Connection, mirror: MirrorVendor
) -> None:
    person = mirror.add("people", email="eve@acme.test", news="true")

    pull(connection)

    assert ours_of(connection, "people", person).email_opt_in is True
