"""What events ask to look at; portals told apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.hub.models import Connection
from integrations.hub.streams import Hint
from integrations.hub.types import Event, RawRequest
from integrations.hubspot import webhooks
from integrations.hubspot.hints import hints
from integrations.hubspot.provider import provider

SAMPLES = Path(webhooks.__file__).parent / "samples"


def of(kind: str, **said: Any) -> list[Hint]:
    return list(hints(Event(id="e", kind=kind, payload=said)))


def test_every_event_that_is_declared_hints_at_something() -> None:
    for path in sorted(SAMPLES.glob("*.json")):
        for event in webhooks.events(RawRequest(body=path.read_bytes(), headers={})):
            assert provider.hints[event.kind](event), path.name


@pytest.mark.parametrize(
    ("kind", "object", "said"),
    [
        ("contact.creation", "contacts", {}),
        ("company.propertyChange", "companies", {"propertyName": "name"}),
        ("deal.restore", "deals", {}),
        ("object.creation", "notes", {"objectTypeId": "0-46"}),
        ("object.propertyChange", "tasks", {"objectTypeId": "0-27"}),
    ],
)
def test_event_hints_at_its_record(kind: str, object: str, said: dict[str, Any]) -> None:
    assert of(kind, objectId=1551, **said) == [Hint(object, "1551")]


def test_deletions_are_told_apart() -> None:
    assert of("deal.deletion", objectId=7) == [Hint("deals", "7", is_deleted=True)]
    assert of("contact.privacyDeletion", objectId=7) == [
        Hint("contacts", "7", is_deleted=True, is_erased=True)
    ]


@pytest.mark.parametrize(
    ("became", "former"), [(1551, ("1552",)), (1560, ("1551", "1552"))], ids=["kept", "new id"]
)
def test_merge_hints_at_what_they_became(became: int, former: tuple[str, ...]) -> None:
    said = {"objectId": became, "primaryObjectId": 1551, "mergedObjectIds": [1552]}

    assert of("contact.merge", newObjectId=became, **said) == [
        Hint("contacts", str(became), former_ids=former)
    ]


def test_new_link_hints_at_the_ends_that_hold_it() -> None:
    ends = {"fromObjectId": 7, "toObjectId": 8}

    assert of("contact.associationChange", associationType="CONTACT_TO_COMPANY", **ends) == [
        Hint("contacts", "7")
    ]
    assert of("company.associationChange", associationType="COMPANY_TO_DEAL", **ends) == [
        Hint("deals", "8")
    ]
    assert of("deal.associationChange", associationType="DEAL_TO_CONTACT", **ends) == [
        Hint("deals", "7"),
        Hint("contacts", "8"),
    ]


def test_kind_that_is_not_kept_in_step_hints_at_nothing() -> None:
    assert of("ticket.creation", objectId=7) == []
    assert of("object.creation", objectId=7, objectTypeId="0-5") == []


def test_events_of_another_portal_are_left_out() -> None:
    rows = json.loads((SAMPLES / "contact.creation.json").read_text())
    body = json.dumps([*rows, {**rows[0], "portalId": 999}]).encode()
    connection = Connection(provider="hubspot", remote_account_id="62515")

    found = webhooks.events(RawRequest(body=body, headers={}), connection)

    assert [event.payload["portalId"] for event in found] == [62515]
