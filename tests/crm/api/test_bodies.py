"""Bodies that no honest program sends are refused in words, and nothing of them is saved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from crm.choices import FieldKind
from crm.models import Contact, CustomField, Workspace
from crm.services.contacts import contact_create
from crm.services.origin import Origin
from crm.services.pipelines import pipeline_create_default
from tests.factories import TEST_ORIGIN, workspace_make

pytestmark = pytest.mark.django_db

HUGE = "1" + "0" * 4000
HOSTILE = ("\x00", "a\x00b", "\ud800", [], [[]], {}, {"a": 1}, 10**30, 1e308, "1e999999999", None)


def send(client: Client, path: str, raw: str) -> Any:
    return client.post(path, raw, content_type="application/json")


@pytest.mark.parametrize(
    "raw",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"custom": ' + "[" * 900 + "]" * 900 + "}",
        '{"last_name": ' * 21 + '"x"' + "}" * 21,
    ],
)
def test_body_nested_too_deeply_is_refused(sales_client: Client, raw: str) -> None:
    response = send(sales_client, "/api/contacts/", raw)

    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert not Contact.objects.exists()


@pytest.mark.parametrize("raw", ["[]", '[{"last_name": "x"}]', "1", '"x"', "null", "{", "NaN"])
def test_body_that_is_no_object_is_refused(sales_client: Client, raw: str) -> None:
    assert send(sales_client, "/api/contacts/", raw).status_code == 400


def test_number_beyond_all_bounds_is_refused(sales_client: Client) -> None:
    assert send(sales_client, "/api/contacts/", '{"last_name": 1e400}').status_code == 400


def test_body_beyond_the_limit_is_refused(sales_client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    response = send(sales_client, "/api/contacts/", json.dumps({"last_name": "x" * 1000}))

    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_charset_that_is_none_changes_nothing(sales_client: Client) -> None:
    raw, kind = json.dumps({"last_name": "x"}), "application/json; charset=rot13"

    response = sales_client.generic("POST", "/api/contacts/", raw, content_type=kind)

    assert response.status_code == 201


@pytest.mark.parametrize("path", ["contacts", "activities"])
def test_unknown_field_is_named(sales_client: Client, path: str) -> None:
    response = send(sales_client, f"/api/{path}/", json.dumps({"emial": "ada@x.test"}))

    assert response.status_code == 400
    assert response.json()["error"]["fields"]["emial"] == ["There is no such field."]


def test_own_answer_can_be_sent_back(sales_client: Client) -> None:
    made = send(sales_client, "/api/contacts/", json.dumps({"last_name": "x"})).json()

    back = sales_client.patch(
        f"/api/contacts/{made['id']}/", json.dumps(made), content_type="application/json"
    )

    assert (back.status_code, back.json()["version"]) == (200, made["version"])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("contacts", "last_name"),
        ("contacts", "email"),
        ("contacts", "other_emails"),
        ("contacts", "tags"),
        ("contacts", "custom"),
        ("contacts", "account"),
        ("contacts", "owner"),
        ("contacts", "lifecycle"),
        ("contacts", "email_opt_in"),
        ("accounts", "website"),
        ("leads", "budget_min"),
        ("leads", "status"),
        ("leads", "preferred_areas"),
        ("deals", "amount"),
        ("deals", "probability"),
        ("deals", "close_date"),
        ("deals", "stage"),
        ("tasks", "due_at"),
        ("products", "unit_price"),
        ("products", "currency"),
        ("activities", "body"),
        ("activities", "contact"),
    ],
)
def test_wrong_type_never_breaks_the_door(
    sales_client: Client, workspace: Workspace, path: str, field: str
) -> None:
    pipeline_create_default(workspace)
    plain = {"last_name": "x"} if path in ("contacts", "leads") else {"name": "x"}
    raws = [json.dumps({**plain, field: value}) for value in HOSTILE]

    statuses = [
        send(sales_client, f"/api/{path}/", raw).status_code
        for raw in (*raws, f'{{"{field}": {HUGE}}}')
    ]

    assert set(statuses) <= {201, 400}


@pytest.mark.parametrize("value", [["x"], {"a": "b"}])
def test_custom_text_is_no_list_or_object(
    sales_client: Client, workspace: Workspace, value: Any
) -> None:
    CustomField.objects.create(
        workspace=workspace, record_type="contact", key="note", label="Note", kind=FieldKind.TEXT
    )

    response = send(
        sales_client,
        "/api/contacts/",
        json.dumps({"last_name": "x", "custom": {"note": value}}),
    )

    assert response.json()["error"]["fields"] == {"custom.note": ["Note must be text."]}


def test_record_of_another_workspace_is_not_found(sales_client: Client, origin: Origin) -> None:
    elsewhere = contact_create(
        workspace=workspace_make(), values={"last_name": "x"}, origin=TEST_ORIGIN
    )
    path = f"/api/contacts/{elsewhere.pk}/"
    linked = send(sales_client, "/api/tasks/", json.dumps({"title": "x", "contact": elsewhere.pk}))

    changed = sales_client.patch(path, "{}", content_type="application/json")

    assert (sales_client.get(path).status_code, changed.status_code) == (404, 404)
    assert "contact" in linked.json()["error"]["fields"]


@pytest.mark.parametrize("pk", ["9" * 30, "1.5", "-1", "x", "0"])
def test_id_that_is_none_is_not_found(sales_client: Client, pk: str) -> None:
    assert sales_client.get(f"/api/contacts/{pk}/").status_code == 404
