"""What the vendor forbids ends, be it of the records or of the credentials, and holds up nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from crm.models import Account, Contact, User
from integrations.hub import revivals
from integrations.hub.connections import (
    connection_pause,
    connection_resume,
    connection_test,
    credentials_replace,
)
from integrations.hub.jobs import job_replay, jobs_revive
from integrations.hub.models import Attempt, Connection, ConnectionState, JobState, SyncJob
from integrations.hub.pump import pump
from integrations.hub.tasks import tick
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import API_KEY, MirrorVendor, Trouble
from tests.integrations.hub.refusing import rows_refused
from tests.integrations.hub.sync.world import Desk, pull, time_passes, work

pytestmark = pytest.mark.django_db(transaction=True)

ONE_BY_ONE = pytest.mark.parametrize("shape", [Shape(write_size=1)], indirect=True)
OFF_LIMITS = 3


@pytest.fixture
def people(connection: Connection, mirror: MirrorVendor) -> list[Contact]:
    """Linked people; what gets the title “Secret” is off limits at the vendor."""
    for number in range(OFF_LIMITS):
        mirror.add("people", email=f"p{number}@x.test", title="Old")
    mirror.add("companies", domain="acme.test", name="Acme", city="Bonn")
    pull(connection)
    mirror.always = secret_is_forbidden
    return list(Contact.objects.order_by("pk"))


def secret_is_forbidden(kind: str, body: Mapping[str, Any]) -> Trouble | None:
    return Trouble(status=403) if kind == "write" and "Secret" in str(body) else None


def reconnect(connection: Connection) -> None:
    connection.refresh_from_db()
    assert credentials_replace(connection, credentials={"api_key": API_KEY}, actor=None).is_ok


def state_of(connection: Connection) -> str:
    connection.refresh_from_db()
    return connection.state


def company_move(desk: Desk, city: str) -> None:
    """Other work, which nobody forbids."""
    desk.edit(Account.objects.get(), city=city)


def city(mirror: MirrorVendor) -> str:
    return str(mirror.live("companies")[0].values["city"])


def contact_jobs() -> set[tuple[str, str]]:
    jobs = SyncJob.objects.filter(record_type="contact")
    return set(jobs.values_list("state", "reason"))


def died_one_at_a_time(desk: Desk, people: list[Contact]) -> None:
    for number, contact in enumerate(people):
        desk.edit(contact, title="Secret")
        work()
        company_move(desk, f"City {number}")
        work()


@ONE_BY_ONE
def test_connection_that_is_resumed_leaves_dead_what_was_forbidden(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    died_one_at_a_time(desk, people)
    assert state_of(connection) == ConnectionState.ACTIVE
    connection_pause(connection, actor=None)

    connection_resume(connection, actor=None)
    company_move(desk, "Rome")
    work()

    assert state_of(connection) == ConnectionState.ACTIVE
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}
    assert city(mirror) == "Rome"


@ONE_BY_ONE
def test_permission_that_was_granted_to_the_same_key_sends_what_was_forbidden_after_a_test(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    stopped_by_many(connection, desk, people)
    assert "test the connection here" in connection.attention
    # What an outage had revived before has its try left all the same.
    SyncJob.objects.filter(record_id=people[0].pk).update(revivals=1)

    mirror.always = None
    assert connection_test(connection).is_ok
    work()

    assert contact_jobs() == {(JobState.DONE, "")}
    assert {one.values["title"] for one in mirror.live("people")} == {"Secret"}


@ONE_BY_ONE
def test_what_stays_forbidden_after_a_test_waits_until_a_person_tries_it(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk, actor: User
) -> None:
    stopped_by_many(connection, desk, people)
    for _ in range(3):
        connection_test(connection)
        work()
        connection.refresh_from_db()
    jobs = SyncJob.objects.filter(record_type="contact")
    assert set(jobs.values_list("state", "generation")) == {(JobState.DEAD, 2)}

    for job in jobs:
        job_replay(job, actor=actor)
    work()
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}
    mirror.always = None
    Connection.objects.update(state=ConnectionState.AUTH_FAILED)
    connection.refresh_from_db()
    connection_test(connection)
    work()

    assert contact_jobs() == {(JobState.DONE, "")}


def stopped_by_many(connection: Connection, desk: Desk, people: list[Contact]) -> None:
    for contact in people:
        desk.edit(contact, title="Secret")
    work()
    assert state_of(connection) == ConnectionState.AUTH_FAILED
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}


@ONE_BY_ONE
def test_second_life_after_a_permission_leaves_that_after_an_outage(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    stopped_by_many(connection, desk, people)
    connection_test(connection)
    ready = SyncJob.objects.filter(record_type="contact", state=JobState.READY)
    ready.update(state=JobState.DEAD, reason="transient", finished_at=Now())

    assert jobs_revive(connection, timezone.now() - timedelta(hours=1), seconds=60.0)

    assert contact_jobs() == {(JobState.READY, "")}


@ONE_BY_ONE
def test_many_edited_at_once_that_are_off_limits_end_and_stop_the_connection(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    for contact in people:
        desk.edit(contact, title="Secret")

    work()

    assert state_of(connection) == ConnectionState.AUTH_FAILED
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}
    connection_resume(connection, actor=None)
    company_move(desk, "Rome")
    work()
    assert city(mirror) == "Rome"


@ONE_BY_ONE
def test_what_is_off_limits_is_sent_once_more_for_new_credentials_and_no_oftener(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    died_one_at_a_time(desk, people)
    company_move(desk, "Rome")

    for _ in range(2):
        reconnect(connection)
        work()

    assert state_of(connection) == ConnectionState.ACTIVE
    assert city(mirror) == "Rome"
    jobs = SyncJob.objects.filter(record_type="contact")
    assert set(jobs.values_list("state", "permission_revivals")) == {(JobState.DEAD, 1)}


def test_batch_that_stays_forbidden_lets_other_work_through_and_ends(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    for contact in people:
        desk.edit(contact, title="Secret")
    work()
    assert state_of(connection) == ConnectionState.AUTH_FAILED
    assert contact_jobs() == {(JobState.READY, "")}

    company_move(desk, "Rome")
    reconnect(connection)
    work()
    assert city(mirror) == "Rome"
    for _ in range(4):
        reconnect(connection)
        work()
        time_passes(60)

    assert contact_jobs() == {(JobState.DEAD, "forbidden")}
    company_move(desk, "Oslo")
    work()
    assert city(mirror) == "Oslo"


def test_batch_that_stays_forbidden_ends_also_where_it_has_to_slow_down_between(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    for contact in people:
        desk.edit(contact, title="Secret")
    work()
    for _ in range(4):
        if state_of(connection) == ConnectionState.AUTH_FAILED:
            connection_test(connection)
        mirror.always = lambda kind, body: Trouble(status=429) if kind == "write" else None
        pump(5.0)
        mirror.always = secret_is_forbidden
        time_passes(120)
        pump(5.0)

    tries = Attempt.objects.filter(job__record_type="contact", code="forbidden")
    assert tries.filter(is_counted=False).count() == len(people)
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}


def test_credentials_that_could_not_be_proved_at_once_have_their_work_sent_too(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    desk.edit(people[0], title="Secret")
    work()
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}
    mirror.always = lambda kind, body: Trouble(status=503)
    connection.refresh_from_db()
    report = credentials_replace(connection, credentials={"api_key": API_KEY}, actor=None)
    assert not report.is_ok

    mirror.always = None
    connection_resume(connection, actor=None)
    work()

    assert contact_jobs() == {(JobState.DONE, "")}


@ONE_BY_ONE
def test_second_life_for_new_credentials_that_was_cut_off_is_gone_on_with_by_the_tick(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    desk.edit(people[0], title="Secret")
    work()
    with rows_refused("hub_syncjob", "NEW.state = 'ready'"):
        reconnect(connection)
    assert state_of(connection) == ConnectionState.ACTIVE
    # What the new credentials may not do either is not what the old ones were to blame for.
    desk.edit(people[1], title="Secret")
    work()
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}

    tick()

    died = SyncJob.objects.filter(record_type="contact").order_by("id")
    assert list(died.values_list("state", flat=True)) == [JobState.READY, JobState.DEAD]
    connection.refresh_from_db()
    assert connection.revive_forbidden_until is None


@ONE_BY_ONE
def test_second_life_after_a_test_that_was_cut_off_is_gone_on_with_by_the_tick(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    stopped_by_many(connection, desk, people)
    with rows_refused("hub_syncjob", "NEW.state = 'ready'"):
        connection_test(connection)
    assert state_of(connection) == ConnectionState.ACTIVE

    tick()

    assert contact_jobs() == {(JobState.READY, "")}


@ONE_BY_ONE
def test_second_life_is_not_begun_when_its_time_is_over(
    connection: Connection, people: list[Contact], mirror: MirrorVendor, desk: Desk
) -> None:
    stopped_by_many(connection, desk, people)
    Connection.objects.update(revive_forbidden_until=Now())

    revivals.revival_go_on(connection, seconds=0.0)
    assert contact_jobs() == {(JobState.DEAD, "forbidden")}
    revivals.revival_go_on(connection)

    assert contact_jobs() == {(JobState.READY, "")}
