"""Every sample of a web-hook goes the whole way, by both addresses; and lands as expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from crm.models import Lead, Property, Workspace
from crm.services.leads import lead_create
from crm.services.origin import Origin
from crm.services.records import record_create
from integrations.hub.links import Links
from integrations.hub.models import Connection, InboxEvent
from integrations.hub.pump import pump
from integrations.rest_crm import webhooks
from tests.integrations.rest_crm.conftest import live_make
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLES = Path(webhooks.__file__).parent / "samples"
NAMES = sorted(
    path.name.removesuffix(".json")
    for path in SAMPLES.glob("*.json")
    if not path.name.endswith(".expected.json")
)
LEAD_FIELDS = ("first_name", "last_name", "email", "phone", "source", "status", "lost_reason")
LEAD_LISTS = ("notes", "preferred_areas", "utm_source")


@pytest.fixture
def crm(workspace: Workspace, origin: Origin, sandbox: RunningSandbox) -> Connection:
    """Knows lead 77 and property 5; nobody of theirs is a member here."""
    connection = live_make(workspace)
    ada = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.test"}
    lead = lead_create(workspace=workspace, values=ada, origin=origin)
    listing = record_create(Property, workspace=workspace, values={"title": "Old"}, origin=origin)
    for kind, table, record, row_id in (
        ("lead", "leads", lead, "crm_lead_77"),
        ("property", "properties", listing, "crm_property_5"),
    ):
        Links(connection).put(kind, record, row_id)
        row = {"id": row_id, "name": str(record), "updatedAt": "2026-01-01T00:00:00+00:00"}
        sandbox.vendor("rest_crm").collection(table).put(row_id, row)
    return connection


def arrive(connection: Connection, address: str, body: bytes) -> int:
    secret = {"X-CRM-Secret": connection.secret("webhook_secret")}
    answer = Client().post(address, body, "application/json", headers=secret)
    pump(0)
    return answer.status_code


def landed(connection: Connection) -> dict[str, Any]:
    """What stands here by their ids, and what became of the event."""
    event = InboxEvent.objects.get()
    rows = {
        f"{link.object} {link.external_id}": shown(link.record_type, link.local_id)
        for link in connection.sync_records.filter(state="active").order_by("pk")
    }
    return {"event": [event.state, event.reason], "records": rows}


def shown(record_type: str, local_id: int) -> dict[str, Any]:
    if record_type == "lead":
        lead = Lead.objects.get(pk=local_id)
        told = {name: getattr(lead, name) for name in (*LEAD_FIELDS, *LEAD_LISTS)}
        budget = [
            lead.budget_min and int(lead.budget_min),
            lead.budget_max and int(lead.budget_max),
        ]
        return {**told, "budget": budget, "is_converted": lead.converted_deal_id is not None}
    listing = Property.objects.get(pk=local_id)
    told = {name: getattr(listing, name) for name in ("title", "city", "locality", "status")}
    return {**told, "price": listing.price and int(listing.price)}


def rows() -> list[dict[str, Any]]:
    return [*Lead.objects.order_by("pk").values(), *Property.objects.order_by("pk").values()]


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_sample_lands_as_expected(crm: Connection, name: str, is_shared: bool) -> None:
    body = (SAMPLES / f"{name}.json").read_bytes()
    address = f"/webhooks/rest_crm/{crm.webhook_key}/"

    status = arrive(crm, "/api/crm/webhook" if is_shared else address, body)

    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text())
    assert status == 200
    assert landed(crm) == expected["landed"]


@pytest.mark.parametrize("name", NAMES)
def test_sample_that_comes_again_changes_nothing(crm: Connection, name: str) -> None:
    body = (SAMPLES / f"{name}.json").read_bytes()
    arrive(crm, "/api/crm/webhook", body)
    before = rows()

    arrive(crm, "/api/crm/webhook", body)

    assert rows() == before
