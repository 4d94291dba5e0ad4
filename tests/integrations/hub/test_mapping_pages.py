"""The pages of a mapping: fields, values and people edited by admins, tried on a real record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.choices import Role
from crm.models import Contact, User, Workspace
from crm.services.pipelines import pipeline_create_default
from integrations.hub.errors import RetryLater
from integrations.hub.health import stream_health
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.models import (
    Connection,
    FieldMapping,
    OwnershipMapping,
    SyncRecord,
    SyncState,
    ValueMapping,
)
from integrations.hub.streams import ExternalUser
from tests import factories
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mapping import pocket

pytestmark = pytest.mark.django_db


@pytest.fixture
def pocket_vendor() -> Iterator[pocket.Vendor]:
    with pocket.installed() as vendor:
        yield vendor


@pytest.fixture
def connection(workspace: Workspace, pocket_vendor: pocket.Vendor) -> Connection:
    connection = connection_make(workspace, provider="pocket", name="Pocket")
    for stream in pocket.provider.streams:
        SyncState.objects.create(
            connection=connection, object=stream.object, record_type=stream.record_type
        )
        defaults_ensure(connection, stream)
    return connection


def url(connection: Connection, name: str, *args: object) -> str:
    return reverse(f"hub:{name}", args=[connection.pk, *args])


def row_of(connection: Connection, path: str) -> FieldMapping:
    return FieldMapping.objects.get(connection=connection, object="person", path=path)


def form_of(**values: Any) -> dict[str, Any]:
    given = {
        "path": "department",
        "external": "origin",
        "transform": "",
        "direction": "both",
        "rule": "last_write",
        "rank": 0,
        "is_enabled": "on",
    }
    return given | values


def text(answer: Any) -> str:
    return str(answer.content.decode())


# --- Fields -------------------------------------------------------------------------------------
def test_connection_leads_to_the_mapping_of_its_first_stream(
    connection: Connection, admin_client: Client
) -> None:
    detail = text(admin_client.get(url(connection, "connection_detail")))

    assert url(connection, "mapping_index") in detail
    answer = admin_client.get(url(connection, "mapping_index"), follow=True)
    assert answer.request["PATH_INFO"] == url(connection, "mapping_list", "company")


def test_page_lists_the_rows_with_their_steps_and_rules(
    connection: Connection, admin_client: Client
) -> None:
    shown = text(admin_client.get(url(connection, "mapping_list", "person"))).replace("<wbr>", "")

    for word in ("account.name", "company_id", "link company", "Ours wins", "A person decides"):
        assert word in shown


def test_field_is_added(connection: Connection, admin_client: Client) -> None:
    values = form_of(path="source", transform="lower\n")

    answer = admin_client.post(url(connection, "mapping_field_new", "person"), values, follow=True)

    assert row_of(connection, "source").transform == [{"kind": "lower"}]
    assert "The mapping is saved" in text(answer)


def test_row_of_the_opt_in_says_that_a_no_wins(
    connection: Connection, admin_client: Client
) -> None:
    FieldMapping.objects.create(
        connection=connection, object="person", path="email_opt_in", external="news"
    )

    assert "A no wins" in text(admin_client.get(url(connection, "mapping_list", "person")))


def test_field_is_edited_and_its_form_holds_what_is_stored(
    connection: Connection, admin_client: Client
) -> None:
    row = row_of(connection, "lifecycle")
    address = url(connection, "mapping_field_edit", row.pk)
    shown = text(admin_client.get(address))
    assert "picklist lifecycle" in shown

    values = form_of(path="lifecycle", external="stage", transform="picklist lifecycle")
    admin_client.post(address, values | {"rule": "manual"})

    row.refresh_from_db()
    assert (row.rule, row.transform) == ("manual", [{"kind": "picklist", "name": "lifecycle"}])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"path": "nothing"}, "has no field"),
        ({"external": "nickname"}, "has no field &#x27;nickname&#x27;"),
        ({"path": "source", "transform": "eval"}, "no transform"),
        ({"path": "source", "transform": 'split separator="'}, "not closed"),
        ({"path": "email"}, "Another row maps"),
        ({"path": "source", "rank": 99999}, "less than or equal"),
    ],
)
def test_refusal_is_said_at_its_field_and_nothing_is_saved(
    connection: Connection, admin_client: Client, values: dict[str, Any], said: str
) -> None:
    count = FieldMapping.objects.count()

    answer = admin_client.post(url(connection, "mapping_field_new", "person"), form_of(**values))

    assert said in text(answer)
    assert FieldMapping.objects.count() == count


@pytest.mark.parametrize("button", [{"preview": "1"}, {}])
@pytest.mark.parametrize("path", ["owner.password", "workspace.name", "nosuch", "__class__", "pk"])
def test_field_that_may_not_be_read_is_refused_by_preview_and_save(
    connection: Connection,
    admin_client: Client,
    pocket_vendor: pocket.Vendor,
    admin: User,
    path: str,
    button: dict[str, str],
) -> None:
    thing = pocket_vendor.put("person", firstname="Ada")
    contact = Contact.objects.create(workspace=connection.workspace, last_name="Byron", owner=admin)
    SyncRecord.objects.create(
        connection=connection,
        object="person",
        record_type="contact",
        external_id=thing.id,
        local_id=contact.pk,
    )
    values = form_of(path=path, external="origin", direction="push") | button

    answer = admin_client.post(url(connection, "mapping_field_new", "person"), values)

    assert answer.status_code == 200
    assert "path" in answer.context["form"].errors
    assert admin.password not in text(answer)
    assert not FieldMapping.objects.filter(path=path).exists()


def test_row_stored_earlier_that_may_not_be_read_is_told_and_removed(
    connection: Connection, admin_client: Client
) -> None:
    row = FieldMapping.objects.create(
        connection=connection, object="person", path="owner.password", external="origin"
    )
    state = SyncState.objects.get(connection=connection, object="person")
    SyncState.objects.filter(pk=state.pk).update(stage="live", is_enabled=True)

    shown = text(admin_client.get(url(connection, "mapping_list", "person")))
    state.refresh_from_db()
    told = " ".join(stream_health(state).reasons)
    admin_client.post(url(connection, "mapping_field_remove", row.pk))

    assert "only name and email" in shown
    assert url(connection, "mapping_field_remove", row.pk) in shown
    assert "owner.password" in told
    assert not FieldMapping.objects.filter(pk=row.pk).exists()


def test_preview_shows_what_becomes_of_a_record_and_saves_nothing(
    connection: Connection, admin_client: Client, pocket_vendor: pocket.Vendor
) -> None:
    pocket_vendor.put("person", firstname="ADA")
    row = row_of(connection, "first_name")
    values = form_of(path="first_name", external="firstname", transform="lower", preview="1")

    shown = text(admin_client.post(url(connection, "mapping_field_edit", row.pk), values))

    assert '<td class="cell-clip">ada</td>' in shown
    assert "Nothing is saved yet" in shown
    row.refresh_from_db()
    assert row.transform == []


def test_field_is_removed_after_a_question(connection: Connection, admin_client: Client) -> None:
    row = row_of(connection, "title")
    address = url(connection, "mapping_field_remove", row.pk)

    assert "Both sides keep" in text(admin_client.get(address))
    assert FieldMapping.objects.filter(pk=row.pk).exists()
    admin_client.post(address)

    assert not FieldMapping.objects.filter(pk=row.pk).exists()


def test_mapping_is_tried_on_a_record(
    connection: Connection, admin_client: Client, pocket_vendor: pocket.Vendor
) -> None:
    pocket_vendor.put("person", email="ADA@X.TEST")
    address = url(connection, "mapping_test", "person")

    assert "ada@x.test" in text(admin_client.post(address))
    assert "There is no p99 there" in text(admin_client.post(address, {"external_id": "p99"}))
    pocket_vendor.refusals.append(RetryLater("Down."))
    assert "does not answer" in text(admin_client.post(address))
    assert admin_client.get(address).status_code == 405


def test_form_opens_while_the_vendor_does_not_answer(
    connection: Connection, admin_client: Client, pocket_vendor: pocket.Vendor
) -> None:
    pocket_vendor.refusals.append(RetryLater("Down."))

    assert admin_client.get(url(connection, "mapping_field_new", "person")).status_code == 200


def test_list_costs_as_many_queries_however_many_rows_there_are(
    connection: Connection, admin_client: Client
) -> None:
    address = url(connection, "mapping_list", "person")
    admin_client.get(address)

    with CaptureQueriesContext(database) as asked:
        admin_client.get(address)

    assert len(asked) <= 7


# --- Who may ------------------------------------------------------------------------------------
PAGES = ("mapping_list", "mapping_field_new", "value_list", "people_list")


@pytest.mark.parametrize("name", PAGES)
def test_only_admins_of_the_workspace_come_in(
    connection: Connection, manager_client: Client, outsider: User, name: str
) -> None:
    args = ["person"] if name.startswith("mapping") else []
    factories.membership_make(factories.workspace_make(), role=Role.OWNER, user=outsider)
    stranger = Client()
    stranger.force_login(outsider)

    assert manager_client.get(url(connection, name, *args)).status_code == 403
    assert stranger.get(url(connection, name, *args)).status_code == 404


def test_rows_of_another_connection_are_not_found(
    connection: Connection, workspace: Workspace, admin_client: Client
) -> None:
    other = connection_make(workspace, provider="pocket", name="Other")
    row = row_of(connection, "email")

    assert admin_client.get(url(other, "mapping_field_edit", row.pk)).status_code == 404
    assert admin_client.post(url(other, "mapping_field_remove", row.pk)).status_code == 404
    assert admin_client.get(url(connection, "mapping_list", "invoice")).status_code == 404


# --- Values -------------------------------------------------------------------------------------
def test_values_are_listed_in_words_and_added(connection: Connection, admin_client: Client) -> None:
    shown = text(admin_client.get(url(connection, "value_list")))
    assert "Maybe" in shown
    assert "Add to lifecycle" in shown

    address = url(connection, "value_new", "lifecycle")
    assert "Sales qualified" in text(admin_client.get(address))
    admin_client.post(address, {"theirs": "q", "label": "Quiet", "ours": "sql", "order": 5})

    row = ValueMapping.objects.get(connection=connection, theirs="q")
    assert (row.ours, row.order, row.is_automatic) == ("sql", 5, False)


def test_list_that_nobody_knows_is_made_only_on_purpose(
    connection: Connection, admin_client: Client
) -> None:
    address, value = url(connection, "value_new", "nope"), {"theirs": "q", "ours": "x", "order": 0}

    refused = text(admin_client.post(address, value))
    assert "There is no list nope yet" in refused
    assert not ValueMapping.objects.filter(name="nope").exists()

    admin_client.post(address, value | {"is_new_list": "on"})
    assert ValueMapping.objects.filter(name="nope").count() == 1
    assert "There is no list nope yet" not in text(admin_client.get(address))


def test_value_is_edited_refused_and_removed(connection: Connection, admin_client: Client) -> None:
    row = ValueMapping.objects.get(connection=connection, theirs="m")
    address = url(connection, "value_edit", row.pk)

    twin = {"theirs": "l", "ours": "lead", "order": 0}
    assert "already" in text(admin_client.post(address, twin))
    admin_client.post(address, {"theirs": "m", "ours": "", "order": 3})
    row.refresh_from_db()
    assert row.ours == ""
    assert "No counterpart" in text(admin_client.get(url(connection, "value_list")))

    remove = url(connection, "value_remove", row.pk)
    assert "Records that hold it" in text(admin_client.get(remove))
    admin_client.post(remove)
    assert not ValueMapping.objects.filter(pk=row.pk).exists()


def test_pipelines_are_fetched_and_offered_by_name(
    connection: Connection,
    workspace: Workspace,
    admin_client: Client,
    pocket_vendor: pocket.Vendor,
) -> None:
    pipeline_create_default(workspace)
    pocket_vendor.pipelines = [pocket.PIPELINE]

    answer = admin_client.post(url(connection, "pipelines_fetch"), follow=True)

    assert "1 pipeline at the vendor" in text(answer)
    assert "Sales: Talks" in text(answer)
    row = ValueMapping.objects.get(connection=connection, name="stage", theirs="s1")
    assert "Sales: Proposal" in text(admin_client.get(url(connection, "value_edit", row.pk)))


def test_vendor_that_does_not_answer_is_said(
    connection: Connection, admin_client: Client, pocket_vendor: pocket.Vendor
) -> None:
    for name in ("pipelines_fetch", "people_fetch"):
        pocket_vendor.refusals.append(RetryLater("Down."))
        answer = text(admin_client.post(url(connection, name), follow=True))
        assert "could not be fetched" in answer


# --- People -------------------------------------------------------------------------------------
def test_people_are_fetched_and_matched_by_hand(
    connection: Connection,
    admin_client: Client,
    pocket_vendor: pocket.Vendor,
    salesperson: User,
) -> None:
    assert "Nobody fetched yet" in text(admin_client.get(url(connection, "people_list")))
    pocket_vendor.users = [ExternalUser("1", "olga@x.test", "Olga")]
    fetched = text(admin_client.post(url(connection, "people_fetch"), follow=True))
    assert "1 person at the vendor" in fetched

    row = OwnershipMapping.objects.get(connection=connection)
    address = url(connection, "person_edit", row.pk)
    assert str(salesperson) in text(admin_client.get(address))
    saved = text(admin_client.post(address, {"user": salesperson.pk}, follow=True))

    row.refresh_from_db()
    assert "Records that wait for an owner are mended now." in saved
    assert (row.user, row.is_automatic) == (salesperson, False)


def test_person_of_another_workspace_is_not_offered_nor_taken(
    connection: Connection, admin_client: Client, outsider: User
) -> None:
    row = OwnershipMapping.objects.create(connection=connection, external_id="1")

    answer = admin_client.post(url(connection, "person_edit", row.pk), {"user": outsider.pk})

    assert answer.status_code == 200
    row.refresh_from_db()
    assert row.user is None


def test_strangers_records_get_another_owner(
    connection: Connection, admin_client: Client, salesperson: User
) -> None:
    admin_client.post(url(connection, "people_list"), {"unmapped_owner": salesperson.pk})

    connection.refresh_from_db()
    assert connection.unmapped_owner == salesperson
