"""What the API refuses whoever asks: hostile numbers, archived records, versions it cannot read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from crm.models import Contact, CustomField, Deal, User, Workspace
from crm.services.contacts import contact_archive, contact_create
from crm.services.deals import deal_archive, deal_create, line_item_add
from crm.services.origin import Origin
from crm.services.products import product_create

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(workspace: Workspace, origin: Origin) -> Contact:
    return contact_create(
        workspace=workspace, values={"first_name": "Ada", "email": "ada@x.test"}, origin=origin
    )


@pytest.fixture
def archived(contact: Contact, origin: Origin) -> Contact:
    return contact_archive(contact, origin=origin)


@pytest.fixture
def deal(workspace: Workspace, origin: Origin) -> Deal:
    return deal_create(workspace=workspace, values={"name": "Roof"}, origin=origin)


def post(client: Client, path: str, **values: Any) -> Any:
    return client.post(path, values, content_type="application/json")


def patch(client: Client, path: str, **values: Any) -> Any:
    return client.patch(path, values, content_type="application/json")


# --- Numbers that take hours to write out ---------------------------------------------------------
@pytest.mark.parametrize("value", ["-1e999999999", "1e3", "1.5"])
def test_link_filter_takes_digits_only(sales_client: Client, value: str) -> None:
    response = sales_client.get("/api/contacts/", {"account": value})

    assert response.status_code == 400
    assert "account" in response.json()["error"]["fields"]


@pytest.mark.parametrize("value", ["1e999999999", "-1e400", "1" * 5000])
def test_custom_number_has_a_bound(sales_client: Client, workspace: Workspace, value: str) -> None:
    CustomField.objects.create(
        workspace=workspace, record_type="contact", key="size", label="Size", kind="number"
    )

    response = post(sales_client, "/api/contacts/", last_name="x", custom={"size": value})

    assert response.json()["error"]["fields"] == {
        "custom.size": ["Size may have at most 18 digits."]
    }


def test_email_filter_finds_any_case_by_the_index(sales_client: Client, contact: Contact) -> None:
    with connection.execute_wrapper(_without_upper):
        response = sales_client.get("/api/contacts/", {"email": "ADA@X.test"})

    assert [row["id"] for row in response.json()["results"]] == [contact.pk]


def _without_upper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert "UPPER(" not in sql
    return execute(sql, params, many, context)


# --- Archived records -----------------------------------------------------------------------------
def test_archived_record_is_not_changed(sales_client: Client, archived: Contact) -> None:
    response = patch(sales_client, f"/api/contacts/{archived.pk}/?archived=true", first_name="Eve")

    assert response.status_code == 400
    assert "archived" in response.json()["error"]["message"]
    archived.refresh_from_db()
    assert archived.first_name == "Ada"


def test_archived_record_takes_no_note(sales_client: Client, archived: Contact) -> None:
    response = post(
        sales_client, "/api/activities/", kind="note", body="Hello", contact=archived.pk
    )

    assert response.status_code == 400


def test_archived_deal_takes_no_lines(
    sales_client: Client, workspace: Workspace, origin: Origin, deal: Deal
) -> None:
    values = {"name": "Tile", "unit_price": 5}
    product = product_create(workspace=workspace, values=values, origin=origin)
    line = line_item_add(deal, product=product, origin=origin)
    deal_archive(deal, origin=origin)

    added = post(sales_client, "/api/line-items/", deal=deal.pk, product=product.pk)
    changed = patch(sales_client, f"/api/line-items/{line.pk}/", quantity=7)
    removed = sales_client.delete(f"/api/line-items/{line.pk}/")

    assert [added.status_code, changed.status_code, removed.status_code] == [400, 400, 400]
    line.refresh_from_db()
    assert line.quantity == 1


# --- Versions -------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", ["x", 1.5, [], {}, ""])
def test_version_that_cannot_be_read_is_refused(
    sales_client: Client, contact: Contact, version: Any
) -> None:
    path = f"/api/contacts/{contact.pk}/"

    response = patch(sales_client, path, first_name="Eve", version=version)

    assert response.status_code == 400
    assert "version" in response.json()["error"]["fields"]


def test_version_as_text_is_compared(sales_client: Client, contact: Contact) -> None:
    path = f"/api/contacts/{contact.pk}/"

    stale = patch(sales_client, path, first_name="Eve", version="99")
    fresh = patch(sales_client, path, first_name="Eve", version="1")

    assert (stale.status_code, fresh.status_code) == (409, 200)


# --- Times that some zone cannot show, texts without end ------------------------------------------
@pytest.mark.parametrize("due_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_time_that_no_other_zone_can_show_is_refused(sales_client: Client, due_at: str) -> None:
    response = post(sales_client, "/api/tasks/", title="Call", due_at=due_at)

    assert "due_at" in response.json()["error"]["fields"]


def test_due_time_of_year_one_is_said_on_the_form(
    sales_client: Client, salesperson: User, workspace: Workspace
) -> None:
    salesperson.time_zone = "Pacific/Auckland"
    salesperson.save()
    values = {"title": "Call", "kind": "follow_up", "priority": "normal"}

    response = sales_client.post("/tasks/new/", {**values, "due_at": "0001-01-01T00:00"})

    assert response.status_code == 200
    assert "due_at" in response.context["form"].errors


@pytest.mark.parametrize(("path", "name"), [("leads", "last_name"), ("tasks", "title")])
def test_notes_are_bounded(sales_client: Client, path: str, name: str) -> None:
    long = {name: "x", "notes": "n" * 20_001}

    answer = post(sales_client, f"/api/{path}/", **long)
    page = sales_client.post(f"/{path}/new/", long)

    assert "notes" in answer.json()["error"]["fields"]
    assert "notes" in page.context["form"].errors


def test_lines_of_a_won_deal_are_refused_with_a_way_out(
    sales_client: Client, workspace: Workspace, origin: Origin, deal: Deal
) -> None:
    product = product_create(
        workspace=workspace, values={"name": "Tile", "unit_price": 5}, origin=origin
    )
    won = deal.pipeline.stages.get(is_won=True)
    patch(sales_client, f"/api/deals/{deal.pk}/", stage=won.pk)

    response = post(sales_client, "/api/line-items/", deal=deal.pk, product=product.pk)
    page = sales_client.get(f"/deals/{deal.pk}/").content.decode()

    assert "Reopen the deal first" in response.json()["error"]["fields"]["deal"][0]
    assert "move the deal back to an open stage first" in page
    assert "add-line" not in page
