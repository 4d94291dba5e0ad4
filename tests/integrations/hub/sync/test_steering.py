"""What operators tell streams to do, from the shell and by service, and what explains a record."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm.models import Change, Contact, User
from integrations.hub.errors import Conflict
from integrations.hub.jobs.replay import job_discard
from integrations.hub.models import (
    Connection,
    ConnectionState,
    LinkState,
    QuarantinedItem,
    SyncDirection,
    SyncJob,
    SyncRecord,
    SyncStage,
    SyncState,
)
from integrations.hub.sync.explaining import Verdict, explain
from integrations.hub.sync.holds import stream_switch
from integrations.hub.sync.steering import (
    by_operator,
    cursor_rewind,
    items_retry,
    links_retry,
    seconds_behind,
    stream_configure,
    stream_sync_now,
)
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


def people(connection: Connection) -> SyncState:
    return SyncState.objects.select_related("connection").get(
        connection=connection, object="people"
    )


def verdict(contact: Contact) -> tuple[Verdict, str]:
    contact.refresh_from_db()
    (one,) = [each for each in explain(contact) if each.state.object == "people"]
    return one.verdict, one.words


@pytest.mark.parametrize("policy", ["unlink", "recreate"])
def test_what_is_on_a_timeline_is_never_archived(connection: Connection, policy: str) -> None:
    notes = SyncState.objects.create(connection=connection, object="notes", record_type="activity")

    with pytest.raises(Conflict, match="stays there"):
        stream_configure(notes, values={"on_their_delete": "archive"}, origin=by_operator(None))
    stream_configure(notes, values={"on_their_delete": policy}, origin=by_operator(None))
    stream_configure(
        people(connection), values={"on_their_delete": "archive"}, origin=by_operator(None)
    )

    notes.refresh_from_db()
    assert notes.on_their_delete == policy
    assert people(connection).on_their_delete == "archive"


def test_rewound_cursor_reads_again_and_doubles_nothing(
    connection: Connection, mirror: MirrorVendor, person: str, actor: User
) -> None:
    state = people(connection)
    long_ago = datetime.now(UTC) - timedelta(days=300)

    cursor_rewind(state, long_ago, origin=by_operator(actor))
    mirror.forget_calls()
    work()

    assert mirror.count("list") >= 1
    assert Contact.objects.count() == 1
    assert mirror.writes() == []
    assert Change.objects.filter(record_type="syncstate", actor=actor).exists()


def test_cursor_is_not_moved_into_the_future(connection: Connection, person: str) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(Conflict, match="past"):
        cursor_rewind(people(connection), tomorrow, origin=by_operator(None))


def test_cursor_is_not_moved_past_what_was_read(connection: Connection, person: str) -> None:
    """What was changed between the two would never be listed."""
    read = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    SyncState.objects.filter(connection=connection, object="people").update(cursor={"at": read})
    later = datetime.now(UTC) - timedelta(hours=1)

    with pytest.raises(Conflict, match="earlier time"):
        cursor_rewind(people(connection), later, origin=by_operator(None))

    assert people(connection).cursor == {"at": read}


def test_stream_switched_off_reads_and_sends_nothing_until_it_is_on(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    stream_switch(people(connection), is_enabled=False, origin=by_operator(None))
    mirror.edit("people", person, last_name="Lovelace")
    desk.edit(contact, title="Countess")
    work()
    assert not mirror.value("people", person, "title")
    assert verdict(contact)[0] == Verdict.EXCLUDED
    with pytest.raises(Conflict, match="switched off"):
        stream_sync_now(people(connection), origin=by_operator(None))

    stream_switch(people(connection), is_enabled=True, origin=by_operator(None))
    work()

    contact.refresh_from_db()
    assert contact.last_name == "Lovelace"
    assert mirror.value("people", person, "title") == "Countess"


def test_set_aside_item_goes_through_once_it_is_mended(
    connection: Connection, mirror: MirrorVendor
) -> None:
    id = mirror.add("people", email="not an address")
    pull(connection)
    item = QuarantinedItem.objects.get(connection=connection, external_id=id)
    mirror.edit("people", id, email="ada@acme.test")

    assert items_retry([item], origin=by_operator(None)) == 1
    work()

    assert not QuarantinedItem.objects.exists()
    assert Contact.objects.get().email == "ada@acme.test"


def test_pair_set_aside_comes_back_into_step(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str
) -> None:
    SyncRecord.objects.update(state=LinkState.QUARANTINED, reason="It flapped.")
    mirror.edit("people", person, last_name="Lovelace")
    pull(connection)
    assert verdict(contact) == (Verdict.SET_ASIDE, "It flapped.")

    links = SyncRecord.objects.filter(object="people")
    assert links_retry(links, origin=by_operator(None)) == 1
    work()

    contact.refresh_from_db()
    assert contact.last_name == "Lovelace"
    assert verdict(contact)[0] == Verdict.IN_SYNC


def test_lag_is_the_age_of_what_is_known(connection: Connection, person: str) -> None:
    behind = seconds_behind(people(connection))

    assert behind is not None
    assert 0 <= behind < 600


# --- Why a record is in step, or not --------------------------------------------------------------


def test_explain_names_each_reason(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    assert verdict(contact)[0] == Verdict.IN_SYNC

    desk.edit(contact, title="Countess")
    assert verdict(contact) == (Verdict.PENDING, "It waits for its turn.")

    mirror.tables.refuses = lambda object, values: "no such title"
    work()
    found = explain(contact)[-1]
    said, words = verdict(contact)
    assert said == Verdict.GIVEN_UP
    assert "no such title" in words
    assert any(one.status_code for each in explain(contact) for one in each.attempts), found


def test_explain_says_that_an_operator_gave_the_work_up(
    connection: Connection,
    mirror: MirrorVendor,
    contact: Contact,
    person: str,
    desk: Desk,
    operator: User,
) -> None:
    desk.edit(contact, title="Countess")
    mirror.tables.refuses = lambda object, values: "no such title"
    work()
    job_discard(SyncJob.objects.get(state="dead"), actor=operator)

    said, words = verdict(contact)

    assert said == Verdict.GIVEN_UP
    assert "An operator gave its last work up" in words
    assert "no such title" in words

    mirror.tables.refuses = None
    desk.edit(contact, title="Duchess")
    work()
    assert verdict(contact)[0] == Verdict.IN_SYNC


def test_explain_says_what_keeps_a_record_out(
    connection: Connection, desk: Desk, mirror: MirrorVendor
) -> None:
    SyncState.objects.update(direction=SyncDirection.PULL)
    contact = desk.make("contact", first_name="Ada", email="ada@acme.test")
    assert verdict(contact)[0] == Verdict.EXCLUDED

    SyncState.objects.update(stage=SyncStage.REHEARSED)
    assert verdict(contact) == (
        Verdict.EXCLUDED,
        "The first sync has not been accepted yet.",
    )


def test_refused_key_is_told_before_the_first_sync(connection: Connection, desk: Desk) -> None:
    contact = desk.make("contact", first_name="Ada", email="ada@acme.test")
    SyncState.objects.update(stage=SyncStage.REHEARSED)
    Connection.objects.update(state=ConnectionState.PAUSED, attention="The key was refused.")

    assert verdict(contact) == (
        Verdict.EXCLUDED,
        f"{connection} is paused. The key was refused. The first sync comes after that.",
    )


def test_explain_costs_the_same_however_long_the_history(
    connection: Connection,
    contact: Contact,
    desk: Desk,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(3):
        desk.edit(contact, title=f"Title {number}")
        work()

    with django_assert_max_num_queries(8):
        explain(contact)


# --- From the shell ------------------------------------------------------------------------------


def test_sync_command_pulls_and_reports(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    mirror.edit("people", person, last_name="Lovelace")
    out = StringIO()

    call_command("sync", "--connection", str(connection.pk), "--json", stdout=out)

    lines = {one["object"]: one for one in json.loads(out.getvalue())["streams"]}
    assert lines["people"]["status"] == "success"
    assert lines["people"]["updated"] == 1
    assert Contact.objects.get().last_name == "Lovelace"


@pytest.mark.parametrize("command", ["sync", "reconcile"])
def test_commands_answer_is_not_drowned_in_a_line_for_every_call(
    connection: Connection, person: str, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    caplog.set_level(logging.INFO)

    call_command(command, "--connection", str(connection.pk), stdout=StringIO())
    quiet = [one for one in caplog.records if one.name == "integrations.hub.http"]
    call_command(command, "--connection", str(connection.pk), verbosity=2, stdout=StringIO())
    told = [one for one in caplog.records if one.name == "integrations.hub.http"]

    assert (bool(quiet), bool(told)) == (False, True)


def test_sync_command_dry_run_reads_all_and_writes_nothing(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    mirror.edit("people", person, last_name="Lovelace")
    out = StringIO()

    call_command("sync", "--connection", str(connection.pk), "--dry-run", "--json", stdout=out)

    lines = {one["object"]: one for one in json.loads(out.getvalue())["streams"]}
    assert (lines["people"]["status"], lines["people"]["updated"]) == ("success", 1)
    assert Contact.objects.get().last_name == "Byron"


def test_sync_command_fails_for_what_cannot_run(connection: Connection) -> None:
    SyncState.objects.update(stage=SyncStage.NEW)
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("sync", "--connection", str(connection.pk), stdout=out)

    assert "has not been accepted" in out.getvalue()
    assert not SyncJob.objects.exists()


def test_sync_command_says_why_a_run_is_not_finished(
    connection: Connection, mirror: MirrorVendor, person: str
) -> None:
    mirror.always = lambda kind, body: Trouble(status=503)
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("sync", "--connection", str(connection.pk), "--object", "people", stdout=out)

    assert "people: not finished (" in out.getvalue()
    assert "503" in out.getvalue()


def test_sync_command_fails_for_what_never_began(connection: Connection, person: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        gate_until=timezone.now() + timedelta(hours=1), gate_reason="rate"
    )
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("sync", "--connection", str(connection.pk), "--seconds", "1", stdout=out)

    assert "people: not finished (" in out.getvalue()
    assert "The vendor asked us to slow down." in out.getvalue()


def test_sync_command_names_no_stream(db: None) -> None:
    with pytest.raises(CommandError, match="No stream"):
        call_command("sync", "--provider", "nobody")


def test_words_of_a_connection_that_needs_credentials_are_a_sentence(
    connection: Connection, contact: Contact, desk: Desk
) -> None:
    desk.edit(contact, title="Countess")
    Connection.objects.filter(pk=connection.pk).update(state="auth_failed")

    assert verdict(contact)[1].startswith(f"{connection.name} needs new credentials; ")
