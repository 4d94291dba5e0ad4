"""The web-hook door: what is proved is kept before it is answered, what is not leaves a number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from crm.models import Workspace
from integrations.hub.inbox import pressure
from integrations.hub.models import (
    Connection,
    ConnectionState,
    InboxBody,
    InboxEvent,
    WebhookRefusal,
)
from integrations.hub.pump import pump
from integrations.hub.selectors import hub_health
from nexa.readiness import cluster_judged
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import connection_make, in_threads, post_event

pytestmark = pytest.mark.django_db(transaction=True)

MADE = {"id": "evt_1", "kind": "account.made", "name": "Acme"}


def test_proved_event_is_kept_with_its_raw_body_before_the_answer(connection: Connection) -> None:
    response = post_event(connection, MADE)

    assert response.status_code == 200
    event = InboxEvent.objects.get()
    assert (event.event_id, event.kind, event.state) == ("evt_1", "account.made", "received")
    assert event.body is not None
    assert json.loads(bytes(event.body.raw)) == {"events": [MADE]}
    assert event.headers["x-echo-signature"] == echo.signature(bytes(event.body.raw))
    assert OrmQ.objects.count() == 1


def test_same_event_delivered_often_is_one_row(connection: Connection) -> None:
    responses = in_threads(4, lambda number: [post_event(connection, MADE) for _ in range(3)])

    assert {one.status_code for many in responses for one in many} == {200}
    assert InboxEvent.objects.count() == InboxBody.objects.count() == 1


def test_several_events_in_one_body_are_one_row_each_and_share_it(connection: Connection) -> None:
    post_event(connection, MADE)

    post_event(connection, MADE, MADE | {"id": "evt_2"}, MADE | {"id": "evt_3"})

    assert InboxEvent.objects.count() == 3
    assert InboxBody.objects.count() == 2


@pytest.fixture
def small_inbox(settings: Any) -> Iterator[None]:
    settings.INBOX_MAX_WAITING = 2
    look_again()
    yield
    look_again()


def look_again() -> None:
    """As after LOOK_SECONDS."""
    pressure.gauge.forget()
    pressure.connection_gauges.forget()


def test_full_inbox_asks_vendors_to_send_again_until_it_is_worked_off(
    connection: Connection, small_inbox: None
) -> None:
    waiting = [MADE | {"id": f"evt_{number}"} for number in range(3)]
    assert post_event(connection, *waiting).status_code == 200
    look_again()

    refused = post_event(connection, MADE | {"id": "evt_late"})

    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    assert InboxEvent.objects.count() == 3
    health = hub_health()
    assert health.is_inbox_full
    assert "The inbox is full" in health.message
    assert "the inbox is full" in cluster_judged(replace(health, heartbeat_age_seconds=1)).detail

    pump(budget_seconds=30)
    look_again()
    assert post_event(connection, MADE | {"id": "evt_late"}).status_code == 200
    assert not hub_health().is_inbox_full


def test_inbox_is_looked_at_now_and_then_and_not_at_each_call(
    connection: Connection, small_inbox: None
) -> None:
    with CaptureQueriesContext(database) as queries:
        for number in range(5):
            post_event(connection, MADE | {"id": f"evt_{number}"})

    looks = [one for one in queries.captured_queries if "FROM hub_inboxevent" in one["sql"]]
    assert len(looks) == 2  # one at all of them, one at this connection's


@pytest.mark.parametrize("fields", [{"state": ConnectionState.PAUSED}, {"provider": "gone"}])
def test_events_that_no_worker_takes_do_not_shut_out_the_others(
    connection: Connection, workspace: Workspace, small_inbox: None, fields: dict[str, Any]
) -> None:
    waiting = [MADE | {"id": f"evt_{number}"} for number in range(3)]
    assert post_event(connection, *waiting).status_code == 200
    Connection.objects.update(**fields)
    look_again()

    assert post_event(connection_make(workspace), MADE).status_code == 200
    assert not hub_health().is_inbox_full


def test_connection_that_holds_its_share_is_answered_503_alone(
    connection: Connection, workspace: Workspace, small_inbox: None
) -> None:
    Connection.objects.update(state=ConnectionState.PAUSED)
    assert post_event(connection, MADE, MADE | {"id": "evt_2"}).status_code == 200
    look_again()

    refused = post_event(connection, MADE | {"id": "evt_3"})

    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    assert post_event(connection_make(workspace), MADE).status_code == 200
    assert InboxEvent.objects.filter(connection=connection).count() == 2


def test_hint_without_an_id_is_compared_with_unprocessed_ones_only(
    connection: Connection,
) -> None:
    hint = {"kind": "account.made", "name": "Acme"}
    post_event(connection, hint)
    post_event(connection, hint)
    assert InboxEvent.objects.count() == 1

    InboxEvent.objects.update(state="done")
    post_event(connection, hint)

    assert InboxEvent.objects.count() == 2


@pytest.mark.parametrize("signature", ["", "0" * 64, "é"])
def test_call_that_is_not_proved_is_counted_and_leaves_no_row(
    connection: Connection, signature: str
) -> None:
    for _ in range(2):
        response = post_event(connection, MADE, **{"X-Echo-Signature": signature})

    assert response.status_code == 400
    assert not InboxEvent.objects.exists()
    assert not InboxBody.objects.exists()
    assert WebhookRefusal.objects.get().count == 2


def test_unreadable_but_proved_body_is_kept_for_a_person(
    connection: Connection, client: Client
) -> None:
    body = b"not json"

    response = client.post(
        f"/webhooks/echo/{connection.webhook_key}/",
        data=body,
        content_type="application/json",
        headers={"X-Echo-Signature": echo.signature(body)},
    )

    assert response.status_code == 200
    assert InboxEvent.objects.get().kind == "unreadable"


def test_body_over_the_limit_is_refused_unread_and_counted(
    connection: Connection, client: Client
) -> None:
    for key in (connection.webhook_key, "nobodys"):
        response = client.post(
            f"/webhooks/echo/{key}/",
            data=b"x" * (1024 * 1024 + 1),
            content_type="application/json",
        )
        assert response.status_code == 413

    assert not InboxEvent.objects.exists()
    [refusal] = connection.refusals.all()
    assert (refusal.count, refusal.reason) == (1, "a body that is too large")


@pytest.mark.parametrize("path", ["echo/unknown-key", "stripe/{key}", "nothing/{key}"])
def test_address_of_no_connection_is_not_found(
    connection: Connection, client: Client, path: str
) -> None:
    address = f"/webhooks/{path.format(key=connection.webhook_key)}/"

    assert client.post(address, data=b"{}", content_type="application/json").status_code == 404


def test_removed_connection_says_gone(connection: Connection) -> None:
    Connection.objects.update(state=ConnectionState.DISABLED)

    assert post_event(connection, MADE).status_code == 410


def test_paused_connection_keeps_what_comes(connection: Connection) -> None:
    Connection.objects.update(state=ConnectionState.PAUSED)

    assert post_event(connection, MADE).status_code == 200
    assert InboxEvent.objects.exists()


def test_door_answers_who_looks_and_refuses_other_methods(
    connection: Connection, client: Client
) -> None:
    address = f"/webhooks/echo/{connection.webhook_key}/"

    assert client.get(address).status_code == 200
    assert client.head(address).status_code == 200
    assert client.put(address).status_code == 405


def test_storage_failure_is_503_and_never_2xx(connection: Connection) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'disk full'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON hub_inboxevent "
            "FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        response = post_event(connection, MADE)
    finally:
        with database.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse CASCADE")

    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert not InboxEvent.objects.exists()


def test_door_needs_no_csrf_token_and_one_round_trip(
    connection: Connection, django_assert_num_queries: object
) -> None:
    post_event(connection, MADE)
    client = Client(enforce_csrf_checks=True)

    with django_assert_num_queries(1):  # type: ignore[operator]
        response = post_event(connection, MADE | {"id": "evt_2"}, client=client)

    assert response.status_code == 200
    assert "sessionid" not in response.cookies


def test_connection_is_read_anew_once_it_has_changed(connection: Connection) -> None:
    assert post_event(connection, MADE).status_code == 200
    second, third = MADE | {"id": "evt_2"}, MADE | {"id": "evt_3"}

    connection.credentials = connection.credentials.merged({"webhook_secret": "rolled"})
    connection.save(update_fields=["credentials"])
    assert post_event(connection, second).status_code == 400
    signed_anew = echo.signature(json.dumps({"events": [second]}).encode(), "rolled")
    assert post_event(connection, second, **{"X-Echo-Signature": signed_anew}).status_code == 200
    assert WebhookRefusal.objects.get().count == 1

    Connection.objects.update(state=ConnectionState.DISABLED)
    signed_anew = echo.signature(json.dumps({"events": [third]}).encode(), "rolled")
    assert post_event(connection, third, **{"X-Echo-Signature": signed_anew}).status_code == 410
    connection.delete()
    assert post_event(connection, third).status_code == 404
    assert not InboxEvent.objects.filter(event_id="evt_3").exists()


def test_session_ended_by_the_server_is_replaced(connection: Connection) -> None:
    assert post_event(connection, MADE).status_code == 200
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ours = cursor.fetchone()[0]

    def ended(_: int) -> None:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ours])

    in_threads(1, ended)

    assert post_event(connection, MADE | {"id": "evt_2"}).status_code == 200
    assert InboxEvent.objects.count() == 2


def test_text_that_is_no_text_is_kept(connection: Connection) -> None:
    odd = {"id": "evt_\ud800\x00", "kind": "account.made"}

    assert post_event(connection, odd).status_code == 200
    assert InboxEvent.objects.get().event_id == "evt_?"


def test_address_with_a_null_byte_is_not_found(client: Client) -> None:
    assert client.post("/webhooks/echo/%00/", b"{}", "application/json").status_code == 404
