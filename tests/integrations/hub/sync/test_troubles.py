"""What is set aside and what is linked with a problem: one word for each, wherever counted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Contact, User
from integrations.hub.health import stream_health
from integrations.hub.models import (
    Connection,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.troubles import PAGE_SIZE
from integrations.hub.vitals import vitals_of
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import pull

pytestmark = pytest.mark.django_db(transaction=True)

PROBLEMS = {
    "owner": "The owner has no counterpart there.",
    "lifecycle": "'fan' of theirs means nothing here yet.",
}


@pytest.fixture
def state(connection: Connection) -> SyncState:
    return SyncState.objects.get(connection=connection, object="people")


@pytest.fixture
def troubled(connection: Connection, contact: Contact) -> Contact:
    """Linked, and kept in step but for two fields."""
    SyncRecord.objects.filter(object="people").update(problems=PROBLEMS)
    return contact


def item_make(connection: Connection, number: int = 1) -> QuarantinedItem:
    return QuarantinedItem.objects.create(
        connection=connection,
        object="people",
        external_id=f"strange-{number}",
        code="invalid",
        message="Odd.",
    )


def page_of(client: Client, state: SyncState, **query: Any) -> str:
    page = client.get(reverse("hub:stream_detail", args=[state.pk]), query)
    return str(page.content.decode())


def test_fields_that_are_left_out_set_nothing_aside(
    connection: Connection, troubled: Contact, state: SyncState
) -> None:
    found = vitals_of(connection)

    assert found is not None
    assert (found.set_aside, found.troubled) == (0, 1)
    assert not found.is_well
    assert stream_health(state).reasons == ("1 linked with a problem: a field is left out.",)


def test_items_and_pairs_out_of_service_are_set_aside(
    connection: Connection, troubled: Contact, state: SyncState
) -> None:
    SyncRecord.objects.filter(object="people").update(state=LinkState.QUARANTINED)
    item_make(connection)
    state.coverage = {"percent": 50.0, "counts": {"quarantined": 1}}

    found = vitals_of(connection)

    assert found is not None
    assert (found.set_aside, found.troubled) == (2, 0)
    assert stream_health(state).reasons == ("2 set aside.",)


def test_what_was_aside_at_the_comparison_is_not_green_before_the_next(
    connection: Connection, contact: Contact, state: SyncState
) -> None:
    state.coverage = {"percent": 50.0, "counts": {"quarantined": 1}}

    assert stream_health(state).reasons == ("Set aside at the last comparison: 1.",)


def test_stream_lists_problems_and_what_mends_them(
    connection: Connection, troubled: Contact, state: SyncState, admin_client: Client
) -> None:
    page = page_of(admin_client, state)

    assert str(troubled) in page
    assert all(words.replace("'", "&#x27;") in page for words in PROBLEMS.values())
    assert f'href="{reverse("hub:people_list", args=[connection.pk])}"' in page
    assert f'href="{reverse("hub:value_list", args=[connection.pk])}"' in page
    assert reverse("hub:record_systems", args=["contact", troubled.pk]) in page


def test_viewer_is_not_sent_where_only_admins_go(
    connection: Connection, troubled: Contact, state: SyncState, sales_client: Client
) -> None:
    page = page_of(sales_client, state)

    assert PROBLEMS["owner"] in page
    assert reverse("hub:people_list", args=[connection.pk]) not in page


def test_stream_pages_its_problems_at_the_same_cost(
    connection: Connection,
    troubled: Contact,
    state: SyncState,
    admin_client: Client,
    django_assert_max_num_queries: Any,
) -> None:
    page_of(admin_client, state)
    SyncRecord.objects.bulk_create(
        SyncRecord(
            connection=connection,
            object="people",
            record_type="contact",
            local_id=10_000 + number,
            external_id=f"far-{number}",
            problems={"title": f"Odd {number}."},
        )
        for number in range(PAGE_SIZE)
    )

    with django_assert_max_num_queries(30):
        first = page_of(admin_client, state)
    second = page_of(admin_client, state, page=2)

    assert f"{PAGE_SIZE} of {PAGE_SIZE + 1} records" in first
    assert f"Odd {PAGE_SIZE - 1}." not in first
    assert f"Odd {PAGE_SIZE - 1}." in second


def test_stream_lists_what_was_set_aside_with_reason_and_step(
    connection: Connection, contact: Contact, state: SyncState, admin_client: Client
) -> None:
    item_make(connection)
    SyncRecord.objects.filter(object="people").update(
        state=LinkState.QUARANTINED, reason="It went to and fro."
    )

    page = page_of(admin_client, state)

    assert "strange-1 at" in page
    assert "Odd." in page
    assert "Correct it there." in page
    assert reverse("hub:record_systems", args=["contact", contact.pk]) in page
    assert "It went to and fro." in page
    assert "2 set aside" in page


def test_all_that_was_set_aside_is_tried_again_at_once(
    connection: Connection, contact: Contact, state: SyncState, admin_client: Client
) -> None:
    item_make(connection)
    SyncRecord.objects.filter(object="people").update(state=LinkState.QUARANTINED)

    admin_client.post(reverse("hub:stream_act", args=[state.pk]), {"act": "aside"})

    assert SyncRecord.objects.get(object="people").state == LinkState.ACTIVE
    assert SyncJob.objects.filter(object="people", kind="inbound").exists()


def test_what_was_set_aside_is_paged_at_the_same_cost(
    connection: Connection,
    state: SyncState,
    admin_client: Client,
    django_assert_max_num_queries: Any,
) -> None:
    page_of(admin_client, state)
    for number in range(PAGE_SIZE + 1):
        item_make(connection, number)

    with django_assert_max_num_queries(33):
        first = page_of(admin_client, state)

    assert f"{PAGE_SIZE} of {PAGE_SIZE + 1} set aside" in first
    assert f"strange-{PAGE_SIZE} at" not in first
    assert f"strange-{PAGE_SIZE} at" in page_of(admin_client, state, aside=2)


def test_reason_names_the_field_first_and_no_key_of_the_code(
    connection: Connection, mirror: MirrorVendor, state: SyncState
) -> None:
    mirror.add("people", first_name="x" * 3000)
    pull(connection)

    message = QuarantinedItem.objects.get(object="people").message

    assert message.startswith("First name: ")
    assert "Without it: Give at least a name" in message
    assert "__all__" not in message


def test_pages_use_a_word_for_each(
    connection: Connection,
    troubled: Contact,
    admin_client: Client,
    client: Client,
    operator: User,
) -> None:
    item_make(connection)
    item_make(connection, 2)
    charts = admin_client.get(
        reverse("hub:connection_detail", args=[connection.pk]), {"span": "days"}
    ).content.decode()
    client.force_login(operator)
    console = client.get(reverse("admin:index")).content.decode()

    assert '<dt>Set aside</dt><dd class="tone-err">2</dd>' in charts
    assert '<dt>With a problem</dt><dd class="tone-warn">1</dd>' in charts
    assert '<th scope="col">Set aside</th><th scope="col">With a problem</th>' in console
    assert "Failing" not in console.partition("vitals-title")[2].partition("</table>")[0]


def test_record_says_that_fields_are_left_out_rather_than_that_it_fails(
    troubled: Contact, admin_client: Client
) -> None:
    page = admin_client.get(reverse("hub:record_systems", args=["contact", troubled.pk]))

    assert '<span class="badge badge-warn">With a problem</span>' in page.content.decode()
