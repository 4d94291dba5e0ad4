"""A record's own page says how it stands with each system, and has it tried again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Change, Contact, Record, User, Workspace
from integrations.hub import registry
from integrations.hub.connections import connection_disconnect
from integrations.hub.links import Links
from integrations.hub.models import (
    Attempt,
    ConflictState,
    Connection,
    LinkState,
    QuarantinedItem,
    SyncConflict,
    SyncRecord,
    SyncState,
)
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mirror import mirror_connection
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, link_of, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def their_pages(mirror: MirrorVendor) -> None:
    """The vendor's records have pages."""
    plain = registry.get("mirror")
    streams = tuple(
        replace(one, record_url=lambda connection, id: f"https://mirror.test/{id}")
        for one in plain.streams
    )
    registry.remove("mirror")
    registry.add(replace(plain, streams=streams))


def address(record: Record, name: str = "record_systems") -> str:
    return reverse(f"hub:{name}", args=[record._meta.model_name, record.pk])


def card(client: Client, record: Record) -> str:
    """What the record's page fetches once the card comes into sight."""
    headers = {"HX-Request": "true", "HX-Target": "connected-systems"}
    answer = client.get(address(record), headers=headers)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    return str(answer.content.decode())


def again(client: Client, record: Record, state: SyncState) -> Any:
    return client.post(address(record, "record_again"), {"stream": state.pk}, follow=True)


@pytest.fixture
def state(connection: Connection) -> SyncState:
    return SyncState.objects.get(connection=connection, object="people")


@pytest.fixture
def refused(contact: Contact, mirror: MirrorVendor, desk: Desk) -> Contact:
    """One whose change the vendor refuses for good."""
    mirror.tables.refuses = lambda object, values: "no such title"
    desk.edit(contact, title="Countess")
    work()
    contact.refresh_from_db()
    return contact


def test_page_of_a_record_fetches_the_card(
    contact: Contact, sales_client: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        mirror_connection(contact.workspace)

    with django_assert_max_num_queries(10):
        page = sales_client.get(reverse("crm:contact_detail", args=[contact.pk])).content.decode()

    assert f'hx-get="{address(contact)}"' in page


@pytest.mark.usefixtures("their_pages")
def test_card_says_in_step_since_when_and_where_it_is(
    connection: Connection, contact: Contact, sales_client: Client, settings: Any
) -> None:
    assert "https://mirror.test/" not in card(sales_client, contact)
    settings.NEXA_SANDBOX_URL = ""

    said = card(sales_client, contact)

    assert '<span class="badge badge-ok">In sync</span>' in said
    assert connection.name in said
    assert "compared <time" in said
    assert f'href="https://mirror.test/{link_of(connection, contact).external_id}"' in said


def test_card_calls_what_has_no_counterpart_by_its_name(
    connection: Connection, contact: Contact, desk: Desk, admin_client: Client
) -> None:
    acme = desk.make("account", name="Acme <b>")
    words = f"Number {acme.pk} has no counterpart there yet: add it to the values of company."
    SyncRecord.objects.filter(pk=link_of(connection, contact).pk).update(
        problems={"account": words}
    )

    page = admin_client.get(address(contact)).content.decode()

    assert page.count("Acme &lt;b&gt; has no counterpart there yet") == 2
    assert "Number" not in page


def test_card_costs_a_few_queries_and_as_many_again_for_each_stream(
    contact: Contact, sales_client: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(16):
        card(sales_client, contact)
    for _ in range(2):
        mirror_connection(contact.workspace)

    with django_assert_max_num_queries(16 + 2 * 8):
        said = card(sales_client, contact)

    assert said.count("badge") == 3 * 2


def test_conflict_leads_to_the_inbox(
    connection: Connection, contact: Contact, sales_client: Client
) -> None:
    link = link_of(connection, contact)
    conflict = SyncConflict.objects.create(
        connection=connection,
        link=link,
        object="people",
        record_type="contact",
        local_id=contact.pk,
        field="title",
        ours="Countess",
        theirs="Duchess",
        rule="manual",
        state=ConflictState.OPEN,
    )

    said = card(sales_client, contact)

    assert ">Conflict</span>" in said
    assert f"#conflict-{conflict.pk}" in said


def test_link_that_no_stream_keeps_stays_in_sight(
    workspace: Workspace, contact: Contact, sales_client: Client
) -> None:
    other = connection_make(workspace, provider="mirror")
    Links(other).put("customer", contact, "cus_81")

    said = card(sales_client, contact)

    assert 'title="cus_81">cus_81</a>' in said
    assert reverse("hub:connection_detail", args=[other.pk]) in said


def test_record_says_that_its_connection_is_disconnected(
    connection: Connection, refused: Contact, manager_client: Client
) -> None:
    connection_disconnect(connection, actor=None)

    page = manager_client.get(address(refused)).content.decode()

    assert f"{connection.name} is disconnected" in page
    assert f"{connection.name} is disconnected" in card(manager_client, refused)
    assert "Nobody has tried to send it" not in page


def test_record_that_is_nowhere_says_what_to_do(
    workspace: Workspace, desk: Desk, sales_client: Client, admin_client: Client
) -> None:
    account = desk.make("account", name="Acme")
    Connection.objects.all().delete()

    assert "An admin of the workspace can connect one" in card(sales_client, account)
    assert reverse("hub:integration_list") in card(admin_client, account)


def test_connection_of_a_system_that_is_gone_is_said(
    connection: Connection, contact: Contact, sales_client: Client
) -> None:
    Connection.objects.filter(pk=connection.pk).update(provider="gone")

    assert "is not installed here any more" in card(sales_client, contact)


def test_details_show_every_try_to_those_who_may_mend(
    refused: Contact, manager_client: Client, sales_client: Client
) -> None:
    page = manager_client.get(address(refused)).content.decode()
    member = sales_client.get(address(refused)).content.decode()

    tried = Attempt.objects.get(outcome="dead")
    assert f'<td class="num drop-1">{tried.status_code}</td>' in page
    assert "Given up" in page
    assert "no such title" in page
    assert "Try again" in page
    assert "record-attempts" not in member
    assert "Try again" not in member


def test_dead_work_is_tried_again_from_the_page(
    refused: Contact, state: SyncState, mirror: MirrorVendor, manager_client: Client, manager: User
) -> None:
    mirror.tables.refuses = None

    page = again(manager_client, refused, state).content.decode()
    work()

    assert "It is being tried again" in page
    assert "In sync" in card(manager_client, refused)
    assert Change.objects.filter(record_type="syncjob", actor=manager).exists()


def test_what_was_set_aside_is_taken_back_from_the_page(
    connection: Connection, contact: Contact, state: SyncState, manager_client: Client
) -> None:
    SyncRecord.objects.filter(object="people").update(
        state=LinkState.QUARANTINED, reason="It flapped."
    )
    assert "It flapped." in card(manager_client, contact)

    again(manager_client, contact, state)
    work()

    assert "In sync" in card(manager_client, contact)
    assert Change.objects.filter(record_type="syncstate", record_id=state.pk).exists()


def test_item_set_aside_goes_when_it_is_tried_again(
    connection: Connection, desk: Desk, state: SyncState, manager_client: Client
) -> None:
    made = desk.make("contact", first_name="Grace", email="grace@acme.test")
    work()
    SyncRecord.objects.filter(local_id=made.pk).delete()
    QuarantinedItem.objects.create(
        connection=connection,
        object="people",
        record_type="contact",
        local_id=made.pk,
        code="ambiguous",
        message="Two there have this address.",
    )
    assert "Two there have this address." in card(manager_client, made)

    again(manager_client, made, state)
    work()

    assert "In sync" in card(manager_client, made)
    assert not QuarantinedItem.objects.exists()


def test_what_needs_no_try_is_refused_in_words(
    contact: Contact, state: SyncState, manager_client: Client
) -> None:
    page = again(manager_client, contact, state).content.decode()

    assert "Nothing was tried: Both sides agree" in page


def test_only_members_look_and_only_managers_try(
    refused: Contact,
    state: SyncState,
    sales_client: Client,
    outsider_client: Client,
    connection: Connection,
) -> None:
    theirs = mirror_connection(Workspace.objects.exclude(pk=connection.workspace_id).get())

    assert outsider_client.get(address(refused)).status_code == 404
    assert sales_client.post(address(refused, "record_again")).status_code == 403
    assert outsider_client.post(address(refused, "record_again")).status_code == 404
    assert again(sales_client, refused, theirs.sync_states.first()).status_code == 403  # type: ignore[arg-type]


def test_strange_types_of_record_are_not_found(admin_client: Client, contact: Contact) -> None:
    for name in ("user", "nothing", "membership"):
        url = reverse("hub:record_systems", args=[name, contact.pk])
        assert admin_client.get(url).status_code == 404
