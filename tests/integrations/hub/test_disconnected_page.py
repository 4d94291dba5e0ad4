"""The address of a disconnected connection: a bookmark of it, or the browser's way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.hub.models import Connection, ConnectionState, LinkState, SyncRecord, SyncState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def former(connection: Connection) -> Connection:
    Connection.objects.update(state=ConnectionState.DISABLED)
    for number, state in enumerate((LinkState.ACTIVE, LinkState.TOMBSTONE)):
        SyncRecord.objects.create(
            connection=connection,
            object="thing",
            record_type="contact",
            local_id=number,
            external_id=str(number),
            state=state,
        )
    return connection


def address(connection: Connection, name: str = "detail") -> str:
    return reverse(f"hub:connection_{name}", args=[connection.pk])


def shown(client: Client, connection: Connection) -> str:
    return str(client.get(address(connection)).content.decode())


def test_page_says_what_was_kept_and_how_to_connect_again(
    admin_client: Client, former: Connection, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(10):
        page = shown(admin_client, former)

    assert f"{former.name} is disconnected" in page
    assert "1 record linked" in page
    assert f'href="{address(former, "credentials")}"' in page


def test_who_may_not_connect_is_offered_nothing(sales_client: Client, former: Connection) -> None:
    page = shown(sales_client, former)

    assert f"{former.name} is disconnected" in page
    assert address(former, "credentials") not in page


def test_connection_to_a_system_that_is_gone_is_not_offered_again(
    admin_client: Client, former: Connection
) -> None:
    Connection.objects.update(provider="gone")

    page = shown(admin_client, former)

    assert f"{former.name} is disconnected" in page
    assert address(former, "credentials") not in page


def test_what_acts_or_asks_for_a_part_finds_nothing(
    admin_client: Client, former: Connection
) -> None:
    part = {"HX-Request": "true", "HX-Target": "connection-charts"}

    assert admin_client.get(address(former), headers=part).status_code == 404
    assert admin_client.post(address(former, "test")).status_code == 404


def test_its_streams_lead_there(admin_client: Client, former: Connection) -> None:
    state = SyncState.objects.create(connection=former, object="thing")

    answer = admin_client.get(reverse("hub:stream_detail", args=[state.pk]))

    assert answer.headers["Location"] == address(former)


def test_another_workspace_learns_nothing_of_it(
    outsider_client: Client, former: Connection
) -> None:
    state = SyncState.objects.create(connection=former, object="thing")

    assert outsider_client.get(address(former)).status_code == 404
    assert outsider_client.get(reverse("hub:stream_detail", args=[state.pk])).status_code == 404
