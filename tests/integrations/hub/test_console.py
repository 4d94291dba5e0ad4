"""The operator's console: what came in and went out, without secrets; retry and give up."""

from __future__ import annotations

import pytest
from django.test import Client
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


def act(client: Client, model: str, action: str, *rows: int) -> str:
    page = reverse(f"admin:hub_{model}_changelist")
    form = {"action": action, "_selected_action": rows}
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

    assert "1 queued again" in said
    assert SyncJob.objects.get(pk=job.pk).state == JobState.DONE


def test_job_that_is_not_dead_is_left_alone(
    operator_client: Client, connection: Connection
) -> None:
    job = command_make(connection)

    said = act(operator_client, "syncjob", "retry", job.pk)

    assert "Only a dead job" in said


def test_dead_event_is_given_up(operator_client: Client, connection: Connection) -> None:
    post_event(connection, {"id": "e1", "kind": "unknown"})
    event = InboxEvent.objects.get()
    InboxEvent.objects.filter(pk=event.pk).update(state=InboxState.DEAD)

    act(operator_client, "inboxevent", "give_up", event.pk)

    assert InboxEvent.objects.get(pk=event.pk).state == InboxState.DISCARDED


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
