"""Signs of life: the tick finds what was left, health says when nothing moves any more."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from crm.models import User
from integrations.hub import (
    leases,
    registry,
    retention,
    selectors,
    slots,
    sweeps,
    tasks,
    wake,
    watchdog,
)
from integrations.hub.access import ApiKeyAuth
from integrations.hub.models import (
    Attempt,
    Connection,
    InboxBody,
    InboxEvent,
    JobState,
    SyncJob,
)
from integrations.hub.pace import BULK_HEAD_START_SECONDS, BULK_SIZE
from integrations.hub.provider import Provider
from integrations.hub.pump import pump
from nexa.doctor.engine import cluster_found
from nexa.readiness import cluster_judged
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, in_threads, post_event, time_passes
from tests.integrations.hub.echo import EchoVendor, status
from tests.integrations.hub.refusing import rows_refused

pytestmark = pytest.mark.django_db(transaction=True)


def test_schedule_of_the_tick_is_there_once_and_mended(db: None) -> None:
    Schedule.objects.update(func="gone")

    tasks.tick()
    tasks.tick()

    schedule = Schedule.objects.get()
    assert (schedule.func, schedule.minutes) == ("integrations.hub.tasks.tick", 1)


def test_tick_wakes_for_work_whose_wake_up_was_lost(connection: Connection) -> None:
    command_make(connection)
    OrmQ.objects.all().delete()

    tasks.tick()
    assert not OrmQ.objects.exists()  # asked a moment ago, and may still come
    time_passes(30)
    tasks.tick()

    assert OrmQ.objects.count() == 1


def test_tick_takes_back_what_dead_workers_held(connection: Connection) -> None:
    command_make(connection)
    SyncJob.objects.update(state=JobState.LEASED, lease_token="a" * 32, lease_until=timezone.now())

    tasks.tick()

    assert SyncJob.objects.get().state == JobState.READY


def test_wake_up_is_asked_once_until_the_pump_begins(db: None) -> None:
    assert [wake.wake() for _ in range(3)] == [True, False, False]

    pump(budget_seconds=0)

    assert wake.wake()


def test_health_is_red_when_work_waits_and_nothing_has_ever_moved(connection: Connection) -> None:
    command_make(connection)
    assert selectors.hub_health().is_ok
    time_passes(200)
    health = selectors.hub_health()
    assert health.is_stuck
    assert health.due_jobs == 1
    assert "restart the cluster" in health.message

    watchdog.beat("tick")
    assert selectors.hub_health().is_ok


def test_cluster_that_is_silent_is_stuck_though_nothing_is_due(connection: Connection) -> None:
    """What vendors hold is read by who is alive, and nobody here would hear of it."""
    assert selectors.hub_health().is_ok
    pump(budget_seconds=0)
    time_passes(170)
    assert selectors.hub_health().is_ok

    time_passes(20)

    assert selectors.hub_health().is_stuck
    assert "No work is due, and no worker has moved" in selectors.hub_health().message


def test_watch_ends_with_code_3_once_workers_are_silent(
    connection: Connection, signals_as_before: None
) -> None:
    pump(budget_seconds=0)
    call_command("hubworker", "--watch", "--grace=0", "--seconds=0.1")
    time_passes(190)
    said = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("hubworker", "--watch", "--grace=0", "--seconds=5", stderr=said)

    assert ended.value.code == 3
    assert "restart the cluster" in said.getvalue()


def test_health_is_green_behind_a_gate(connection: Connection) -> None:
    command_make(connection)
    time_passes(300)
    Connection.objects.update(state="paused")

    assert selectors.hub_health().is_ok


def test_hubworker_drains_what_is_due(connection: Connection, vendor: EchoVendor) -> None:
    command_make(connection)
    out = io.StringIO()

    call_command("hubworker", "--once", "--seconds=10", stdout=out)

    assert SyncJob.objects.get().state == JobState.DONE
    assert "1 pieces of work done" in out.getvalue()


def test_replay_command_starts_dead_rows_over(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    job = command_make(connection)
    vendor.script = [status(422)]
    pump(budget_seconds=0)

    with pytest.raises(CommandError):
        call_command("replay", "jobs", str(job.pk), "--actor=nobody@example.test")
    with pytest.raises(SystemExit):
        call_command("replay", "jobs", "999999", "--actor", actor.email, stderr=io.StringIO())
    with pytest.raises(CommandError, match="There is no connection 999999"):
        call_command("replay", "jobs", "--connection", "999999", "--actor", actor.email)
    call_command("replay", "jobs", str(job.pk), "--actor", actor.email, stdout=io.StringIO())

    pump(budget_seconds=30)
    assert SyncJob.objects.get().state == JobState.DONE


def test_replay_of_many_gives_way_and_says_first_what_it_would_do(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    ids = [command_make(connection).pk for _ in range(BULK_SIZE + 1)]
    dead = {"state": JobState.DEAD, "reason": "rejected", "last_error": "No such plan."}
    SyncJob.objects.filter(pk__in=ids).update(**dead, head_start_seconds=300)
    out = io.StringIO()
    asked = ("replay", "jobs", "--connection", str(connection.pk), "--actor", actor.email)

    call_command(*asked, "--dry-run", stdout=out)
    assert f"{ids[0]}: " in out.getvalue()
    assert "ended by rejected: No such plan." in out.getvalue()
    assert SyncJob.objects.filter(state=JobState.DEAD).count() == len(ids)

    call_command(*asked, stdout=io.StringIO())
    starts = SyncJob.objects.values_list("state", "head_start_seconds").distinct()
    assert list(starts) == [(JobState.READY, BULK_HEAD_START_SECONDS)]


def test_slots_bound_the_pumps_that_run_at_once(db: None) -> None:
    with slots.slot(1) as first:
        taken = in_threads(2, lambda number: _slot())

    assert first == 0
    assert taken == [None, None]
    assert _slot() == 0


def _slot() -> int | None:
    with slots.slot(1) as number:
        return number


def test_named_lease_has_one_holder_and_a_rising_fence(db: None) -> None:
    held = [one for one in in_threads(4, lambda number: leases.take("x", 60)) if one]
    assert len(held) == 1
    assert leases.take("x", 60) is None
    assert leases.renew(held[0], 60)

    time_passes(61)
    later = leases.take("x", 60)

    assert later is not None
    assert later.fence == held[0].fence + 1
    assert not leases.renew(held[0], 60)
    leases.release(held[0])
    assert leases.take("x", 60) is None


def test_retention_forgets_old_rows_but_no_dead_ones(
    connection: Connection, vendor: EchoVendor
) -> None:
    command_make(connection)
    vendor.script = [status(422)]
    pump(budget_seconds=0)
    post_event(connection, {"id": "e1", "kind": "x"}, {"id": "e2", "kind": "x"})
    InboxEvent.objects.filter(event_id="e1").update(state="dead")
    pump(budget_seconds=30)
    with database.cursor() as cursor:
        for table, column in (
            ("hub_inboxevent", "received_at"),
            ("hub_inboxbody", "received_at"),
            ("hub_attempt", "started_at"),
        ):
            cursor.execute(f"UPDATE {table} SET {column} = now() - interval '90 days'")

    assert retention.prune() == 1
    assert retention.prune() == 0

    assert InboxEvent.objects.get().event_id == "e1"
    assert InboxBody.objects.exists()
    assert Attempt.objects.exists()


@pytest.fixture
def failing_round() -> Iterator[list[Exception]]:
    """A round of another room that fails for as long as the list holds an error."""
    errors: list[Exception] = [ValueError("no luck with sk_test_aSecretKey123")]

    def sweep() -> None:
        if errors:
            raise errors[0]

    sweeps.sweep_register("unlucky", sweep)
    yield errors
    sweeps.sweep_forget("unlucky")


def test_round_of_the_hub_that_fails_keeps_no_other_waiting(
    connection: Connection,
) -> None:
    command_make(connection)
    post_event(connection, {"id": "e1", "kind": "thing.changed"})
    held = {"state": "leased", "lease_token": "a" * 32, "lease_until": timezone.now()}
    SyncJob.objects.update(**held)
    InboxEvent.objects.update(**held)

    with rows_refused("hub_inboxevent", "NEW.state = 'received'"):
        tasks.tick()

    assert SyncJob.objects.get().state == JobState.READY
    assert [one.name for one in selectors.hub_health().failing_rounds] == ["inbox"]


def test_round_that_fails_is_told_until_it_runs_through(
    db: None, failing_round: list[Exception]
) -> None:
    tasks.tick()
    tasks.tick()

    health = selectors.hub_health()
    (failed,) = health.failing_rounds
    assert (failed.name, failed.times) == ("unlucky", 2)
    assert failed.message == "ValueError: no luck with [redacted]"
    assert "The round “unlucky” fails (2 times" in health.message
    assert cluster_judged(health).detail.endswith("; failing rounds: unlucky")
    assert "Look into the log" in cluster_found().mend

    failing_round.clear()
    tasks.tick()
    assert selectors.hub_health().failing_rounds == ()
    assert cluster_found().is_well


def test_round_that_fails_keeps_no_other_waiting(db: None, failing_round: list[Exception]) -> None:
    ran: list[str] = []
    sweeps.sweep_register("after", lambda: ran.append("after"))
    try:
        tasks.tick()
    finally:
        sweeps.sweep_forget("after")

    assert ran == ["after"]


def test_failure_of_a_round_that_is_gone_is_forgotten(
    db: None, failing_round: list[Exception]
) -> None:
    tasks.tick()
    sweeps.sweep_forget("unlucky")
    tasks.tick()

    assert selectors.hub_health().failing_rounds == ()


def test_check_finds_a_queue_that_would_run_tasks_twice(settings: Any) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"retry": 60}

    (error,) = (one for one in run_checks() if one.id == "hub.E001")

    assert "run twice" in error.msg


def test_settings_of_the_queue_are_sound(settings: Any) -> None:
    assert not [one for one in run_checks() if (one.id or "").startswith("hub.")]


def test_provider_that_is_not_there_stops_the_start(settings: Any) -> None:
    before = registry.all_providers()
    settings.PROVIDERS = ["stripe", "nothing_like_it"]

    with pytest.raises(ImproperlyConfigured, match="nothing_like_it"):
        registry.load()

    assert registry.all_providers() == before


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"id": "No Good"}, "no provider id"),
        ({"hosts": ()}, "names no host"),
        ({"facts": echo.provider.facts, "webhook": None}, "no web-hook"),
    ],
)
def test_declaration_that_cannot_work_is_refused(values: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {
        "id": "x1",
        "name": "X",
        "summary": "x",
        "auth": ApiKeyAuth(()),
        "check": echo.account_info,
        "hosts": ("x.test",),
    }

    with pytest.raises(ValueError, match=words):
        Provider(**(given | values))


def test_provider_declared_twice_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="twice"):
        registry.add(echo.provider)
