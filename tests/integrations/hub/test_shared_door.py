"""The address that all connections of a provider share: the secret tells whose a call is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database
from django.test import Client

from crm.models import Workspace
from integrations.hub import registry
from integrations.hub.credentials import Secrets
from integrations.hub.errors import Unverified
from integrations.hub.models import Connection, ConnectionState, InboxEvent, WebhookRefusal
from integrations.hub.provider import Provider, SharedDoor
from integrations.hub.pump import pump
from integrations.hub.types import Event, RawRequest
from tests.integrations.hub import echo
from tests.integrations.hub.conftest import connection_make

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/parlour/webhook"
MADE = {"id": "evt_1", "kind": "account.made", "name": "Acme"}


def connection_of(request: RawRequest, connections: Sequence[Connection]) -> Connection:
    if request.header("X-Explode"):
        raise ZeroDivisionError
    given = request.header("X-Secret")
    for connection in connections:
        if connection.secret("webhook_secret") == given:
            return connection
    raise Unverified("wrong secret")


def events(request: RawRequest, connection: Connection) -> list[Event]:
    if connection.settings.get("explodes"):
        raise ZeroDivisionError
    return echo.events(request, connection)


def declared(**changes: Any) -> Provider:
    assert echo.provider.webhook is not None
    door = SharedDoor("parlour", connection_of)
    webhook = replace(echo.provider.webhook, door=door, events=events)
    return replace(echo.provider, **({"id": "parlour", "webhook": webhook} | changes))


@pytest.fixture(autouse=True)
def parlour() -> Iterator[None]:
    registry.add(declared())
    yield
    registry.remove("parlour")


def parlour_make(workspace: Workspace, secret: str, **fields: Any) -> Connection:
    secrets = Secrets({"webhook_secret": secret})
    return connection_make(workspace, provider="parlour", credentials=secrets, **fields)


def tell(*events: dict[str, Any], secret: str = "", address: str = "", **headers: str) -> Any:
    return Client(enforce_csrf_checks=True).post(
        address or ADDRESS,
        data=json.dumps({"events": list(events)}),
        content_type="application/json",
        headers={"X-Secret": secret or "one", **headers},
    )


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}/"])
def test_call_is_kept_for_the_connection_whose_secret_it_carries(
    workspace: Workspace, address: str
) -> None:
    parlour_make(workspace, "one")
    meant = parlour_make(workspace, "two")

    answer = tell(MADE, secret="two", address=address)

    assert (answer.status_code, answer.content) == (200, b"ok")
    assert InboxEvent.objects.get().connection == meant
    assert not answer.cookies
    pump(30)
    assert InboxEvent.objects.get().state == "done"


def test_same_event_at_both_addresses_is_one(workspace: Workspace) -> None:
    connection = parlour_make(workspace, "one")
    tell(MADE)
    body = json.dumps({"events": [MADE]}).encode()

    answer = Client().post(
        f"/webhooks/parlour/{connection.webhook_key}/",
        data=body,
        content_type="application/json",
        headers={"X-Echo-Signature": echo.signature(body, "one")},
    )

    assert answer.status_code == 200
    assert InboxEvent.objects.count() == 1


def test_wrong_secret_is_401_and_counted_where_one_connection_was_meant(
    workspace: Workspace,
) -> None:
    connection = parlour_make(workspace, "one")

    assert tell(MADE, secret="two").status_code == 401
    assert tell(MADE, **{"X-Explode": "yes"}).status_code == 401

    reasons = set(WebhookRefusal.objects.values_list("connection", "reason"))
    assert reasons == {
        (connection.pk, "wrong secret"),
        (connection.pk, "the verification failed with an error"),
    }
    assert not InboxEvent.objects.exists()


def test_wrong_secret_at_several_connections_is_nobodys_refusal(workspace: Workspace) -> None:
    parlour_make(workspace, "one")
    parlour_make(workspace, "two")

    assert tell(MADE, secret="three").status_code == 401
    assert not WebhookRefusal.objects.exists()


def test_disconnected_one_is_no_candidate_and_a_paused_one_is(workspace: Workspace) -> None:
    parlour_make(workspace, "one", state=ConnectionState.DISABLED)
    parlour_make(workspace, "two", state=ConnectionState.PAUSED)

    assert tell(MADE, secret="one").status_code == 401
    assert tell(MADE, secret="two").status_code == 200


@pytest.mark.parametrize("body", [b"not json", b"", b"\xff"])
def test_body_that_cannot_be_read_is_400_and_counted(workspace: Workspace, body: bytes) -> None:
    parlour_make(workspace, "one")

    answer = Client().post(ADDRESS, body, "application/json", headers={"X-Secret": "one"})

    assert answer.status_code == 400
    assert WebhookRefusal.objects.get().reason == "unreadable body"
    assert not InboxEvent.objects.exists()


def test_body_that_our_reading_breaks_on_is_kept_for_a_person(workspace: Workspace) -> None:
    parlour_make(workspace, "one", settings={"explodes": True})

    assert tell(MADE).status_code == 200
    assert InboxEvent.objects.get().kind == "unreadable"


def test_body_over_the_limit_is_413(workspace: Workspace) -> None:
    parlour_make(workspace, "one")
    body = b"x" * (1024 * 1024 + 1)

    answer = Client().post(ADDRESS, body, "application/json", headers={"X-Secret": "one"})

    assert answer.status_code == 413


def test_unknown_event_is_kept_as_ignored(workspace: Workspace) -> None:
    parlour_make(workspace, "one")

    assert tell(MADE | {"kind": "never.heard"}).status_code == 200
    pump(30)

    event = InboxEvent.objects.get()
    assert (event.state, event.reason) == ("ignored", "unknown event never.heard")


def test_door_answers_who_looks_and_refuses_other_methods(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 200
    assert client.head(f"{ADDRESS}/").status_code == 200
    assert client.put(ADDRESS).status_code == 405
    assert client.post("/api/nobody/webhook", b"{}", "application/json").status_code == 404


def test_storage_failure_is_503_and_never_2xx(workspace: Workspace) -> None:
    parlour_make(workspace, "one")
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE hub_inboxbody RENAME TO hub_inboxbody_away")
    try:
        answer = tell(MADE)
    finally:
        with database.cursor() as cursor:
            cursor.execute("ALTER TABLE hub_inboxbody_away RENAME TO hub_inboxbody")

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_two_providers_cannot_have_one_door() -> None:
    with pytest.raises(ImproperlyConfigured, match="both want the address /api/parlour/"):
        registry.add(declared(id="other"))


def test_door_is_a_part_of_an_address() -> None:
    assert echo.provider.webhook is not None
    door = SharedDoor("no/door", connection_of)

    with pytest.raises(ValueError, match="no part of an address"):
        declared(webhook=replace(echo.provider.webhook, door=door))
