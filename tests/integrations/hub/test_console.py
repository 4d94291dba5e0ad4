"""The operator's console: what came in and went out, without secrets; retry and give up."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.hub.models import (
    Attempt,
    Connection,
    InboxEvent,
    InboxState,
    JobState,
    SyncJob,
)
from integrations.hub.pump import pump
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import command_make, post_event

pytestmark = pytest.mark.django_db(transaction=True)


def act(client: Client, model: str, action: str, *rows: int, **also: str) -> str:
    page = reverse(f"admin:hub_{model}_changelist")
    form = {"action": action, "_selected_action": rows, **also}
    return client.post(page, form, follow=True).content.decode()


def shown(client: Client, model: str, row: int) -> str:
    return client.get(reverse(f"admin:hub_{model}_change", args=[row])).content.decode()


def test_event_shows_its_raw_body_as_text(
    operator_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    post_event(connection, {"id": "e1", "kind": "unknown", "note": "<script>alert(1)</script>"})

    page = shown(operator_client, "inboxevent", InboxEvent.objects.get().pk)

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_dead_job_is_retried(
    operator_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    job = command_make(connection)
    SyncJob.objects.filter(pk=job.pk).update(state=JobState.DEAD, reason="invalid")

    said = act(operator_client, "syncjob", "retry", job.pk)
    pump(budget_seconds=5, until_idle=True)

    assert "1 job queued again" in said
    assert f"?id__in={job.pk}" in said
    assert SyncJob.objects.get(pk=job.pk).state == JobState.DONE


def test_job_that_is_not_dead_is_left_alone(
    operator_client: Client, connection: Connection
) -> None:
    job = command_make(connection)

    said = act(operator_client, "syncjob", "retry", job.pk)

    assert f"Left alone: job {job.pk}. Only a dead job" in said


def test_giving_up_asks_first_and_says_what_it_takes(
    operator_client: Client, connection: Connection
) -> None:
    post_event(connection, {"id": "e1", "kind": "unknown"}, {"id": "e2", "kind": "unknown"})
    dead, waiting = InboxEvent.objects.order_by("event_id")
    InboxEvent.objects.filter(pk=dead.pk).update(state=InboxState.DEAD)

    asked = act(operator_client, "inboxevent", "give_up", dead.pk, waiting.pk)

    assert "Give up 1 event?" in asked
    assert connection.name in asked
    assert InboxEvent.objects.get(pk=dead.pk).state == InboxState.DEAD


def test_dead_event_is_given_up(operator_client: Client, connection: Connection) -> None:
    post_event(connection, {"id": "e1", "kind": "unknown"})
    event = InboxEvent.objects.get()
    InboxEvent.objects.filter(pk=event.pk).update(state=InboxState.DEAD)

    said = act(operator_client, "inboxevent", "give_up", event.pk, confirmed="yes")

    assert "1 event given up" in said
    assert InboxEvent.objects.get(pk=event.pk).state == InboxState.DISCARDED


def test_dead_job_is_given_up_once_confirmed(
    operator_client: Client, connection: Connection
) -> None:
    job = command_make(connection)
    SyncJob.objects.filter(pk=job.pk).update(state=JobState.DEAD)

    asked = act(operator_client, "syncjob", "give_up", job.pk)
    before = SyncJob.objects.get(pk=job.pk).state
    act(operator_client, "syncjob", "give_up", job.pk, confirmed="yes")

    assert "Give up 1 job?" in asked
    assert before == JobState.DEAD
    assert SyncJob.objects.get(pk=job.pk).state == JobState.DISCARDED


def test_page_of_a_dead_job_offers_the_retry(
    operator_client: Client, connection: Connection
) -> None:
    job = command_make(connection)
    waiting = shown(operator_client, "syncjob", job.pk)
    SyncJob.objects.filter(pk=job.pk).update(state=JobState.DEAD)

    dead = shown(operator_client, "syncjob", job.pk)

    assert "Retry now" in dead
    assert "Retry now" not in waiting


def test_first_try_that_succeeds_is_one_try_and_no_retry(
    operator_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    job = command_make(connection)
    pump(budget_seconds=5, until_idle=True)

    page = shown(operator_client, "syncjob", job.pk)

    assert ">1 try<" in page
    assert ">0 of 5 (after 1, 2, 4, 8, 16 s)<" in page


def test_tries_after_a_retry_are_told_from_those_before(
    operator_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    job = command_make(connection, kind="broken")
    pump(budget_seconds=5, until_idle=True)
    Attempt.objects.filter(job=job).update(is_counted=False)
    SyncJob.objects.filter(pk=job.pk).update(state=JobState.READY, generation=2, attempts=1)
    Attempt.objects.create(job=job, number=9, generation=2, is_counted=True, outcome="again")

    page = shown(operator_client, "syncjob", job.pk)

    made = Attempt.objects.filter(job=job).count()
    assert f">{made} tries, 1 since it was started over<" in page
    assert ">1 of 5 (" in page


def test_lists_say_times_to_the_second_and_shorten_ids(
    operator_client: Client, connection: Connection
) -> None:
    long_id = "evt_1QabcDEFghiJKLmnoPQRstUVWxyz"
    post_event(connection, {"id": long_id, "kind": "unknown"})
    event = InboxEvent.objects.get()

    page = operator_client.get(reverse("admin:hub_inboxevent_changelist")).content.decode()
    detail = shown(operator_client, "inboxevent", event.pk)

    assert f"{event.received_at:%Y-%m-%d %H:%M:%S}" in page
    assert "evt_1QabcDE…oPQRstUVWxyz" in page
    assert long_id not in page
    assert long_id in detail


def test_lists_ask_the_database_as_often_for_many_rows_as_for_one(
    operator_client: Client, connection: Connection
) -> None:
    page = reverse("admin:hub_syncjob_changelist")
    command_make(connection)
    with CaptureQueriesContext(database) as for_one:
        operator_client.get(page)
    for _ in range(4):
        command_make(connection)

    with CaptureQueriesContext(database) as for_many:
        operator_client.get(page)

    assert len(for_many) == len(for_one)


def test_no_page_shows_a_secret(
    operator_client: Client, connection: Connection, vendor: echo.EchoVendor
) -> None:
    command_make(connection, kind="broken")
    command_make(connection)
    post_event(connection, {"id": "e1", "kind": "account.made", "explode": True})
    pump(budget_seconds=5, until_idle=True)
    rows = [
        *(("syncjob", pk) for pk in SyncJob.objects.values_list("pk", flat=True)),
        *(("attempt", pk) for pk in Attempt.objects.values_list("pk", flat=True)),
        *(("inboxevent", pk) for pk in InboxEvent.objects.values_list("pk", flat=True)),
        ("connection", connection.pk),
    ]

    pages = [shown(operator_client, model, pk) for model, pk in rows]

    assert len(pages) >= 5
    assert not any(echo.API_KEY in page or echo.WEBHOOK_SECRET in page for page in pages)
