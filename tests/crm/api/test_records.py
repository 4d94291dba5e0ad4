"""The API reads and writes the same records through the same services as the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.models import (
    Account,
    Activity,
    Change,
    Contact,
    Deal,
    Lead,
    Product,
    Task,
    User,
    Workspace,
)
from crm.services.accounts import account_create
from crm.services.contacts import contact_archive, contact_create, contact_update
from crm.services.deals import deal_create
from crm.services.origin import Origin
from crm.services.pipelines import pipeline_create_default
from crm.services.products import product_create
from tests.factories import workspace_make

pytestmark = pytest.mark.django_db


def post(client: Client, path: str, **values: Any) -> Any:
    return client.post(path, values, content_type="application/json")


def patch(client: Client, path: str, **values: Any) -> Any:
    return client.patch(path, values, content_type="application/json")


def contact_of(workspace: Workspace, origin: Origin, **values: Any) -> Contact:
    values = {"first_name": "Ada", "email": "ada@example.test", **values}
    return contact_create(workspace=workspace, values=values, origin=origin)


def test_contact_post_creates_it_with_a_ledger_row(
    sales_client: Client, workspace: Workspace, salesperson: User
) -> None:
    response = post(sales_client, "/api/contacts/", first_name="Ada", email="Ada@Example.test")

    assert response.status_code == 201
    contact = Contact.objects.get(workspace=workspace)
    change = Change.objects.get(record_type="contact", record_id=contact.pk)
    assert (change.origin_kind, change.actor) == ("api", salesperson)


@pytest.mark.parametrize(
    ("path", "values", "model"),
    [
        ("/api/accounts/", {"name": "Acme"}, Account),
        ("/api/leads/", {"last_name": "Turing", "email": "alan@example.test"}, Lead),
        ("/api/deals/", {"name": "Big one"}, Deal),
        ("/api/tasks/", {"title": "Call back"}, Task),
        (
            "/api/products/",
            {"name": "Seat", "unit_price": "9.50", "currency": "USD", "billing_interval": "month"},
            Product,
        ),
    ],
)
def test_record_post_creates(
    sales_client: Client, workspace: Workspace, path: str, values: dict[str, str], model: Any
) -> None:
    pipeline_create_default(workspace)

    response = post(sales_client, path, **values)

    assert response.status_code == 201, response.json()
    assert model.objects.get(workspace=workspace).pk == response.json()["id"]


def test_contact_list_counts_and_hides_archived(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    kept = contact_of(workspace, origin)
    contact_archive(contact_of(workspace, origin, email="old@example.test"), origin=origin)

    present = sales_client.get("/api/contacts/").json()
    archived = sales_client.get("/api/contacts/", {"archived": "true"}).json()

    assert (present["count"], present["results"][0]["id"]) == (1, kept.pk)
    assert archived["count"] == 1


def test_contact_list_filters_by_email_in_any_case(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact_of(workspace, origin)
    contact_of(workspace, origin, email="grace@example.test")

    found = sales_client.get("/api/contacts/", {"email": "GRACE@example.test"}).json()

    assert [row["email"] for row in found["results"]] == ["grace@example.test"]


def test_list_takes_the_same_number_of_queries_for_many_rows(
    sales_client: Client, workspace: Workspace, origin: Origin, django_assert_num_queries: Any
) -> None:
    account = account_create(workspace=workspace, values={"name": "Acme"}, origin=origin)
    for number in range(12):
        contact_of(workspace, origin, email=f"p{number}@example.test", account=account)

    with django_assert_num_queries(5):  # session, user, membership, count, page
        sales_client.get("/api/contacts/")


def test_contact_patch_with_an_old_version_is_refused(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_of(workspace, origin)
    contact_update(contact, values={"title": "Countess"}, origin=origin)

    response = patch(sales_client, f"/api/contacts/{contact.pk}/", version=1, title="Baroness")

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "stale"
    assert Contact.objects.get(pk=contact.pk).title == "Countess"


def test_contact_delete_archives(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_of(workspace, origin)

    response = sales_client.delete(f"/api/contacts/{contact.pk}/")

    assert response.status_code == 204
    assert Contact.objects.get(pk=contact.pk).is_archived


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_record_of_another_workspace_is_not_found(
    outsider_client: Client, workspace: Workspace, origin: Origin, method: str
) -> None:
    contact = contact_of(workspace, origin)

    response = getattr(outsider_client, method)(f"/api/contacts/{contact.pk}/")

    assert response.status_code == 404
    assert not Contact.objects.get(pk=contact.pk).is_archived


def test_link_into_another_workspace_is_as_unknown_as_a_missing_one(
    sales_client: Client, origin: Origin
) -> None:
    foreign = account_create(workspace=workspace_make(), values={"name": "Other"}, origin=origin)

    response = post(sales_client, "/api/contacts/", first_name="Ada", account=foreign.pk)

    assert response.status_code == 400
    assert "account" in response.json()["error"]["fields"]
    assert not Contact.objects.exists()


def test_viewer_reads_and_does_not_write(
    viewer_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact_of(workspace, origin)

    assert viewer_client.get("/api/contacts/").json()["count"] == 1
    assert post(viewer_client, "/api/contacts/", first_name="Eve").status_code == 403


def test_member_does_not_change_a_colleagues_record(
    sales_client: Client, workspace: Workspace, origin: Origin, manager: User
) -> None:
    contact = contact_of(workspace, origin, owner=manager)

    response = patch(sales_client, f"/api/contacts/{contact.pk}/", title="Mine now")

    assert response.status_code == 403


def test_anonymous_is_refused_with_the_error_format(client: Client, db: None) -> None:
    response = client.get("/api/contacts/")

    assert response.status_code == 403
    assert set(response.json()["error"]) >= {"code", "message"}


def test_unsafe_request_without_csrf_token_is_refused(salesperson: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(salesperson, backend="django.contrib.auth.backends.ModelBackend")

    response = post(client, "/api/contacts/", first_name="Ada")

    assert response.status_code == 403
    assert not Contact.objects.exists()


def test_bad_value_is_named_by_field(sales_client: Client) -> None:
    response = post(sales_client, "/api/contacts/", email="not an address")

    assert response.status_code == 400
    assert "email" in response.json()["error"]["fields"]


def test_fields_moved_by_rules_cannot_be_written(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    account = account_create(workspace=workspace, values={"name": "Acme"}, origin=origin)

    patch(sales_client, f"/api/accounts/{account.pk}/", health_score=1, mrr="999")

    fresh = Account.objects.get(pk=account.pk)
    assert (fresh.health_score, fresh.mrr) == (70, 0)


def test_line_item_moves_the_amount_of_its_deal(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    pipeline_create_default(workspace)
    deal = deal_create(workspace=workspace, values={"name": "Big one"}, origin=origin)
    values = {"name": "Seat", "unit_price": Decimal(20), "currency": "USD"}
    product = product_create(workspace=workspace, values=values, origin=origin)

    added = post(sales_client, "/api/line-items/", deal=deal.pk, product=product.pk, quantity=3)
    after_add = Deal.objects.get(pk=deal.pk).amount
    sales_client.delete(f"/api/line-items/{added.json()['id']}/")

    assert added.status_code == 201
    assert (after_add, Deal.objects.get(pk=deal.pk).amount) == (60, 0)


def test_note_is_put_on_the_timeline(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_of(workspace, origin)

    response = post(
        sales_client, "/api/activities/", kind="note", body="Likes tea", contact=contact.pk
    )

    assert response.status_code == 201, response.json()
    assert Activity.objects.get(contact=contact).body == "Likes tea"


def test_note_about_nothing_is_refused(sales_client: Client) -> None:
    response = post(sales_client, "/api/activities/", kind="note", body="Lost words")

    assert response.status_code == 400


def test_schema_and_docs_are_served_under_the_strict_policy(sales_client: Client) -> None:
    schema = sales_client.get("/api/schema/")
    docs = sales_client.get("/api/docs/")

    assert b"/api/contacts/" in schema.content
    assert docs.status_code == 200
    assert b"<script>" not in docs.content


# --- Archived and back ----------------------------------------------------------------------------
RESTORED = ("contacts", "accounts", "leads", "deals", "products", "tasks")


def test_archived_records_are_listed_when_asked_for(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    gone = contact_archive(contact_of(workspace, origin), origin=origin)
    contact_of(workspace, origin, email="eve@example.test")

    listed = sales_client.get("/api/contacts/", {"archived": "true"}).json()["results"]

    assert [row["id"] for row in listed] == [gone.pk]


def test_restore_brings_an_archived_record_back(
    sales_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_archive(contact_of(workspace, origin), origin=origin)

    response = post(sales_client, f"/api/contacts/{contact.pk}/restore/")
    again = post(sales_client, f"/api/contacts/{contact.pk}/restore/")

    assert (response.status_code, response.json()["archived_at"]) == (200, None)
    assert again.json()["version"] == response.json()["version"]
    change = Change.objects.filter(record_type="contact", record_id=contact.pk).latest("id")
    assert (change.action, change.origin_kind) == ("restored", "api")


def test_restore_is_for_those_who_may_archive(
    sales_client: Client,
    viewer_client: Client,
    outsider_client: Client,
    workspace: Workspace,
    origin: Origin,
    manager: User,
) -> None:
    theirs = contact_archive(contact_of(workspace, origin, owner=manager), origin=origin)
    path = f"/api/contacts/{theirs.pk}/restore/"

    statuses = [
        post(client, path).status_code for client in (sales_client, viewer_client, outsider_client)
    ]

    assert statuses == [403, 403, 404]
    theirs.refresh_from_db()
    assert theirs.is_archived


def test_schema_names_the_way_back(sales_client: Client) -> None:
    paths = sales_client.get("/api/schema/", {"format": "json"}).json()["paths"]

    for name in RESTORED:
        assert "requestBody" not in paths[f"/api/{name}/{{id}}/restore/"]["post"]
        shown = [each["name"] for each in paths[f"/api/{name}/"]["get"]["parameters"]]
        assert "archived" in shown
