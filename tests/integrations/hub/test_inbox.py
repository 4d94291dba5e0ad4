"""Processing events: once each, one subject at a time, patiently, and to a visible end."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.models import Account, Change, User, Workspace
from integrations.hub import facts, inbox
from integrations.hub.errors import Conflict
from integrations.hub.models import (
    AppliedFact,
    Connection,
    ConnectionState,
    InboxEvent,
    InboxState,
    SyncRun,
)
from integrations.hub.pump import pump
from integrations.hub.types import Event
from tests.integrations.hub.conftest import connection_make, in_threads, post_event, time_passes
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db(transaction=True)

MADE = {"id": "evt_1", "kind": "account.made", "name": "Acme"}


def test_hints_without_a_name_are_facts_of_their_own(
    connection: Connection, workspace: Workspace
) -> None:
    for name in ("Ada", "Bob"):
        post_event(connection, {"kind": "account.made", "name": name})
    pump(budget_seconds=30)
    post_event(connection, {"kind": "account.made", "name": "Ada"})
    pump(budget_seconds=30)

    names = Account.objects.filter(workspace=workspace).values_list("name", flat=True)
    assert sorted(names) == ["Ada", "Ada", "Bob"]
    assert AppliedFact.objects.count() == 3


def test_event_without_a_name_is_never_applied(connection: Connection) -> None:
    with pytest.raises(ValueError, match="neither id nor key"):
        facts.apply(connection, Event("", "account.made", {"name": "Ada"}))
    with pytest.raises(IntegrityError), transaction.atomic():
        AppliedFact.objects.create(connection=connection, key="")


def test_fact_with_a_very_long_key_is_applied_once(connection: Connection) -> None:
    event = Event("e", "account.made", {"name": "Ada"}, key="k" * 1000)

    assert facts.apply(connection, event)
    assert not facts.apply(connection, event)


def test_event_lands_in_the_crm_with_its_origin(connection: Connection) -> None:
    post_event(connection, MADE)

    pump(budget_seconds=30)

    event = InboxEvent.objects.get()
    assert (event.state, event.attempts) == (InboxState.DONE, 1)
    account = Account.objects.get()
    assert account.name == "Acme"
    change = Change.objects.get(record_type="account")
    assert (change.origin_kind, change.origin_id) == ("connection", str(connection.pk))
    run = SyncRun.objects.get()
    assert (run.kind, run.synced, run.failed) == ("inbox", 1, 0)


def test_two_events_of_the_same_fact_are_applied_once(connection: Connection) -> None:
    post_event(connection, MADE | {"key": "acme"}, MADE | {"id": "evt_2", "key": "acme"})

    pump(budget_seconds=30)

    assert Account.objects.count() == AppliedFact.objects.count() == 1
    assert set(InboxEvent.objects.values_list("state", flat=True)) == {InboxState.DONE}
    assert InboxEvent.objects.get(event_id="evt_2").reason == "applied before"


def test_many_workers_apply_each_event_once(connection: Connection) -> None:
    for number in range(12):
        post_event(connection, MADE | {"id": f"evt_{number}", "subject": f"s{number % 3}"})

    in_threads(4, lambda number: pump(budget_seconds=30, until_idle=True))

    assert Account.objects.count() == 12
    assert InboxEvent.objects.filter(state=InboxState.DONE).count() == 12


def test_events_of_one_subject_are_handed_out_one_at_a_time_in_order(
    connection: Connection,
) -> None:
    post_event(connection, *({**MADE, "id": f"evt_{n}", "subject": "sub_1"} for n in range(3)))

    first = inbox.claim(connection.pk)

    assert first is not None
    assert first.event.event_id == "evt_0"
    assert inbox.claim(connection.pk) is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"kind": "account.exploded"}, "unknown event account.exploded"),
        ({"kind": "account.made", "boring": True}, "boring"),
    ],
)
def test_event_of_no_interest_is_kept_as_ignored(
    connection: Connection, said: dict[str, object], reason: str
) -> None:
    post_event(connection, MADE | said)

    pump(budget_seconds=30)

    event = InboxEvent.objects.get()
    assert (event.state, event.reason) == (InboxState.IGNORED, reason)
    assert not AppliedFact.objects.exists()
    assert SyncRun.objects.get().skipped == 1


def test_event_that_fails_is_tried_for_a_day_then_dead_and_replayed(
    connection: Connection, actor: User
) -> None:
    post_event(connection, MADE | {"explode": True})

    waits = []
    for _ in range(8):
        pump(budget_seconds=0)
        event = InboxEvent.objects.get()
        assert event.state == InboxState.RECEIVED
        waits.append((event.run_at - timezone.now()).total_seconds())
        time_passes(100_000)
    pump(budget_seconds=0)

    event = InboxEvent.objects.get()
    assert (event.state, event.attempts) == (InboxState.DEAD, 9)
    assert "ValueError: cannot read this with [redacted]" in event.traceback
    assert 60_000 < sum(waits) < 110_000

    inbox.event_replay(event, actor=actor)
    event.refresh_from_db()
    assert (event.state, event.attempts, event.generation) == (InboxState.RECEIVED, 0, 2)


def test_event_given_up_stays_listed(connection: Connection, actor: User) -> None:
    post_event(connection, MADE | {"explode": True})
    event = InboxEvent.objects.get()
    with pytest.raises(Conflict):
        inbox.event_discard(event, actor=actor)

    InboxEvent.objects.update(state=InboxState.DEAD)
    inbox.event_discard(event, actor=actor)

    event.refresh_from_db()
    assert event.state == InboxState.DISCARDED
    assert str(actor.pk) in event.reason


def test_failing_event_does_not_hold_up_the_others(connection: Connection) -> None:
    subject = {"subject": "sub_1"}
    post_event(connection, MADE | subject | {"explode": True}, MADE | subject | {"id": "evt_2"})

    for _ in range(2):
        pump(budget_seconds=0)

    assert InboxEvent.objects.get(event_id="evt_1").state == InboxState.RECEIVED
    assert InboxEvent.objects.get(event_id="evt_2").state == InboxState.DONE


def test_nothing_of_a_fact_that_fails_is_written(connection: Connection) -> None:
    post_event(connection, MADE | {"explode": True})

    pump(budget_seconds=0)

    assert not AppliedFact.objects.exists()
    assert not Account.objects.exists()


def test_event_may_fetch_from_the_vendor_before_it_is_applied(
    connection: Connection, vendor: EchoVendor
) -> None:
    post_event(connection, MADE | {"kind": "account.named"})

    pump(budget_seconds=30)

    assert Account.objects.get().name == "ACME"


def test_refused_credentials_cost_the_event_no_attempt(
    connection: Connection, vendor: EchoVendor
) -> None:
    vendor.script = [status(401)]
    post_event(connection, MADE | {"kind": "account.named"})

    pump(budget_seconds=0.5)

    event = InboxEvent.objects.get()
    connection.refresh_from_db()
    assert (event.state, event.attempts) == (InboxState.RECEIVED, 0)
    assert connection.state == ConnectionState.AUTH_FAILED


def test_event_that_took_three_workers_with_it_is_dead(connection: Connection) -> None:
    post_event(connection, MADE)

    for _ in range(3):
        assert inbox.claim(connection.pk) is not None
        time_passes(61)
        inbox.sweep()

    event = InboxEvent.objects.get()
    assert (event.state, event.reason) == (InboxState.DEAD, "crashes_worker")


def test_paused_connection_keeps_its_events_waiting(connection: Connection) -> None:
    Connection.objects.update(state=ConnectionState.PAUSED)
    post_event(connection, MADE)

    assert pump(budget_seconds=0.5) == 0
    Connection.objects.update(state=ConnectionState.ACTIVE)

    assert pump(budget_seconds=30) == 1


def test_backlog_of_one_connection_does_not_starve_another(
    connection: Connection, workspace: Workspace
) -> None:
    other = connection_make(workspace)
    post_event(connection, *({**MADE, "id": f"evt_{n}"} for n in range(30)))
    post_event(other, MADE)

    order = []
    for _ in range(4):
        connection_id = inbox.connection_next()
        assert connection_id is not None
        order.append(connection_id)

    assert set(order[:2]) == {connection.pk, other.pk}
