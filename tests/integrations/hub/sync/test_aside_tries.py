"""Trying what a stream has set aside again: how much at once, in which order, in which words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Change, Contact, User
from integrations.hub.models import (
    Connection,
    LinkState,
    QuarantinedItem,
    SyncDirection,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.sync.steering import by_operator, items_retry
from tests.integrations.hub.mirror import Shape

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 450
UNREADABLE = pytest.mark.parametrize("shape", [Shape(can_read=False)], indirect=True)


@pytest.fixture
def state(connection: Connection) -> SyncState:
    return SyncState.objects.get(connection=connection, object="people")


def items_make(connection: Connection, count: int) -> list[QuarantinedItem]:
    return QuarantinedItem.objects.bulk_create(
        QuarantinedItem(
            connection=connection,
            object="people",
            external_id=f"strange-{number}",
            code="invalid",
            message="Odd.",
        )
        for number in range(count)
    )


def press(client: Client, state: SyncState) -> str:
    """Try all again; the page that follows."""
    url = reverse("hub:stream_act", args=[state.pk])
    page = client.post(url, {"act": "aside"}, follow=True)
    return str(page.content.decode())


def page_of(client: Client, state: SyncState) -> str:
    return str(client.get(reverse("hub:stream_detail", args=[state.pk])).content.decode())


def test_many_set_aside_are_tried_again_in_few_statements(
    connection: Connection,
    state: SyncState,
    admin_client: Client,
    django_assert_max_num_queries: Any,
) -> None:
    items_make(connection, MANY)
    SyncJob.objects.all().delete()

    with django_assert_max_num_queries(120):
        page = press(admin_client, state)

    assert SyncJob.objects.filter(kind="inbound").count() == MANY
    assert f"What was set aside is looked at again: {MANY}." in page


def test_more_than_a_request_may_try_are_left_for_the_next(
    connection: Connection, state: SyncState, admin_client: Client
) -> None:
    items_make(connection, 2100)

    first = press(admin_client, state)
    tried = SyncJob.objects.filter(kind="inbound").count()
    second = press(admin_client, state)
    third = press(admin_client, state)

    assert tried == 2000
    assert "2,000 are looked at again; 100 are left." in first
    assert "What was set aside is looked at again: 100." in second
    assert SyncJob.objects.filter(kind="inbound").count() == 2100
    assert "waits for its turn already" in third


def test_those_just_tried_in_vain_come_after_those_never_tried(
    connection: Connection, state: SyncState, admin_client: Client
) -> None:
    items = items_make(connection, 2001)
    press(admin_client, state)
    SyncJob.objects.all().delete()
    tried = [one.pk for one in items[:2000]]
    QuarantinedItem.objects.filter(pk__in=tried).update(last_at="2999-01-01T00:00:00Z")

    press(admin_client, state)

    assert SyncJob.objects.filter(external_id=items[2000].external_id).exists()


def test_many_of_theirs_leave_ours_and_the_pairs_their_turn(
    connection: Connection, contact: Contact, state: SyncState, admin_client: Client
) -> None:
    QuarantinedItem.objects.create(
        connection=connection, object="people", record_type="contact", local_id=4711, code="invalid"
    )
    items_make(connection, 2000)
    SyncRecord.objects.filter(object="people").update(state=LinkState.QUARANTINED)

    press(admin_client, state)

    assert SyncJob.objects.filter(kind="push", record_id=4711).exists()
    assert SyncRecord.objects.get(object="people").state == LinkState.ACTIVE


def test_jobs_of_what_was_set_aside_are_added_in_the_order_of_lanes(
    connection: Connection, state: SyncState
) -> None:
    items_make(connection, 30)
    SyncJob.objects.all().delete()

    assert items_retry(QuarantinedItem.objects.order_by("pk"), origin=by_operator(None)) == 30

    lanes = list(SyncJob.objects.order_by("pk").values_list("lane", flat=True))
    assert len(lanes) == 30
    assert lanes == sorted(lanes)


def test_ledger_names_all_that_were_tried_again(
    connection: Connection, contact: Contact, state: SyncState, admin_client: Client
) -> None:
    items_make(connection, 3)
    SyncRecord.objects.filter(object="people").update(state=LinkState.QUARANTINED)
    linked = SyncRecord.objects.get(object="people").external_id

    press(admin_client, state)

    acts = Change.objects.filter(record_id=state.pk, diff__has_key="retried").order_by("pk")
    told = [act.diff["retried"][1] for act in acts]
    assert told[0] == linked
    assert sorted(told[1]) == ["strange-0", "strange-1", "strange-2"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"is_enabled": False}, "switched off"),
        ({"stage": "new"}, "has not been accepted yet"),
        ({"hold_reason": "Too much would go."}, "waits for a decision"),
    ],
)
def test_nothing_is_tried_again_while_the_stream_is_not_live(
    connection: Connection,
    state: SyncState,
    admin_client: Client,
    values: dict[str, Any],
    words: str,
) -> None:
    items_make(connection, 1)
    SyncState.objects.filter(pk=state.pk).update(**values)

    page = press(admin_client, state)

    assert words in page
    assert "looked at again:" not in page
    assert not SyncJob.objects.filter(kind="inbound").exists()


@UNREADABLE
def test_what_nobody_can_ask_for_has_no_button_and_says_what_brings_it_again(
    connection: Connection, state: SyncState, admin_client: Client
) -> None:
    items = items_make(connection, 1)

    page = page_of(admin_client, state)

    assert "It comes again when it is changed there." in page
    assert 'id="stream-aside"' not in page
    assert items_retry(items, origin=by_operator(None)) == 0
    assert not SyncJob.objects.filter(kind="inbound").exists()


@UNREADABLE
def test_pair_is_taken_back_also_where_nobody_can_ask(
    connection: Connection, contact: Contact, state: SyncState, admin_client: Client
) -> None:
    items_make(connection, 1)
    SyncRecord.objects.filter(object="people").update(state=LinkState.QUARANTINED)
    assert 'id="stream-aside"' in page_of(admin_client, state)

    page = press(admin_client, state)

    assert "What was set aside is looked at again: 1." in page
    assert SyncRecord.objects.get(object="people").state == LinkState.ACTIVE


def test_what_is_only_sent_there_is_not_asked_for(
    connection: Connection, state: SyncState, admin_client: Client
) -> None:
    items_make(connection, 1)
    SyncState.objects.filter(pk=state.pk).update(direction=SyncDirection.PUSH)

    page = page_of(admin_client, state)

    assert "Nothing is taken over from there now." in page
    assert 'id="stream-aside"' not in page


def test_console_says_why_an_item_is_not_looked_at(
    connection: Connection, state: SyncState, operator: User, client: Client
) -> None:
    (item,) = items_make(connection, 1)
    SyncState.objects.filter(pk=state.pk).update(is_enabled=False)

    client.force_login(operator)
    page = client.post(
        reverse("admin:hub_quarantineditem_changelist"),
        {"action": "retry", "_selected_action": [item.pk]},
        follow=True,
    )

    assert "switched off" in page.content.decode()
    assert not SyncJob.objects.filter(kind="inbound").exists()
