"""Is it really HubSpot: the signature against vectors agreed with the vendor's own library."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine

from integrations.hub.errors import Unverified
from integrations.hub.models import Connection
from integrations.hub.types import RawRequest
from integrations.hubspot import webhooks
from integrations.hubspot.webhooks import event_key, events, signature, verify

HERE = Path(__file__).parent
VECTORS = json.loads((HERE / "vectors/hubspot_webhook.json").read_text())
PLAIN = VECTORS["v3"][0]
SAMPLES = Path(webhooks.__file__).parent / "samples"


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def connection_for(vector: dict[str, Any]) -> Connection:
    return Connection(
        provider="hubspot",
        credentials={"client_secret": vector["secret"]},
        settings={"webhook_target_url": vector["uri"]},
    )


def raw(vector: dict[str, Any], **headers: str) -> RawRequest:
    sent = {
        "x-hubspot-signature-v3": vector["signature"],
        "x-hubspot-request-timestamp": vector.get("timestamp", PLAIN["timestamp"]),
    }
    return RawRequest(body=vector["body"].encode(), headers=sent | headers)


def clock(vector: dict[str, Any], plus_ms: int = 0) -> time_machine.travel:
    milliseconds = vector.get("clock_ms", int(vector["timestamp"]) + 1000) + plus_ms
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return time_machine.travel(moment, tick=False)


@pytest.mark.parametrize("vector", VECTORS["v3"], ids=named)
def test_signature_is_the_vendors(vector: dict[str, Any]) -> None:
    made = signature(
        vector["secret"],
        vector["method"],
        vector["uri"],
        vector["body"].encode(),
        vector["timestamp"],
    )

    assert made == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["v3"][:3], ids=named)
def test_verify_takes_what_the_vendor_signed(vector: dict[str, Any]) -> None:
    with clock(vector):
        verify(raw(vector), connection_for(vector))


@pytest.mark.parametrize("vector", VECTORS["must_fail"], ids=named)
def test_verify_refuses_what_must_fail(vector: dict[str, Any]) -> None:
    with clock(vector), pytest.raises(Unverified):
        verify(raw(vector), connection_for(vector))


@pytest.mark.parametrize(("plus", "reason"), [(300_000, "too old"), (-62_000, "future")])
def test_verify_bounds_the_time_on_both_sides(plus: int, reason: str) -> None:
    with clock(PLAIN, plus), pytest.raises(Unverified, match=reason):
        verify(raw(PLAIN), connection_for(PLAIN))


@pytest.mark.parametrize("old", ["v1", "v2"])
def test_verify_refuses_the_old_signatures_with_and_without_v3(old: str) -> None:
    vector = VECTORS[old]
    headers = {"x-hubspot-signature": vector["signature"], "x-hubspot-signature-version": old}
    with_v3 = raw(vector, **headers)
    without = RawRequest(body=vector["body"].encode(), headers=headers)

    with clock(PLAIN):
        for request in (with_v3, without):
            with pytest.raises(Unverified):
                verify(request, connection_for(PLAIN))


@pytest.mark.parametrize("sent_at", ["", "x", "-1", "1.5", "9" * 30, "²"])
def test_verify_refuses_odd_times(sent_at: str) -> None:
    with pytest.raises(Unverified):
        verify(raw(PLAIN, **{"x-hubspot-request-timestamp": sent_at}), connection_for(PLAIN))


def test_verify_refuses_a_signature_that_is_no_ascii() -> None:
    with clock(PLAIN), pytest.raises(Unverified, match="wrong signature"):
        verify(raw(PLAIN, **{"x-hubspot-signature-v3": "ä"}), connection_for(PLAIN))


def test_verify_refuses_everything_without_a_secret() -> None:
    with clock(PLAIN), pytest.raises(Unverified, match="no client secret"):
        verify(raw(PLAIN), Connection(provider="hubspot", credentials={}))


def test_verify_goes_by_the_configured_address_and_not_the_request() -> None:
    connection = connection_for(PLAIN)
    connection.settings["webhook_target_url"] = "https://elsewhere.example.test/hooks"

    with clock(PLAIN), pytest.raises(Unverified, match="wrong signature"):
        verify(raw(PLAIN, host="crm.example.test"), connection)


# --- Events -------------------------------------------------------------------------------------


def test_events_reads_every_event_of_the_array() -> None:
    first, second = events(raw(PLAIN))

    assert (first.kind, first.subject) == ("contact.propertyChange", "contact:1551")
    assert (second.kind, second.subject) == ("contact.creation", "contact:1552")
    assert first.occurred_at == datetime.datetime(2026, 11, 21, 8, 0, 0, 123000, datetime.UTC)
    assert first.id != second.id
    assert first.payload["propertyValue"] == "customer"


def test_events_takes_event_type_for_subscription_type() -> None:
    body = json.dumps([{"eventType": "deal.creation", "objectId": 7, "portalId": 1}])

    (event,) = events(RawRequest(body=body.encode(), headers={}))

    assert (event.kind, event.subject) == ("deal.creation", "deal:7")


def test_event_key_is_the_same_for_a_later_attempt_only() -> None:
    row = json.loads(PLAIN["body"])[0]

    assert event_key({**row, "attemptNumber": 3}) == event_key(row)
    for name in ("portalId", "subscriptionId", "eventId", "objectId", "occurredAt"):
        assert event_key({**row, name: 1}) != event_key(row)
    assert event_key({**row, "propertyName": "email"}) != event_key(row)


@pytest.mark.parametrize("body", ["", "{}", "[1]", "[{}]", "nonsense"])
def test_events_raises_for_what_is_no_array_of_events(body: str) -> None:
    with pytest.raises((ValueError, KeyError, AttributeError, TypeError)):
        events(RawRequest(body=body.encode(), headers={}))


def test_every_event_type_used_has_a_sample_that_is_read() -> None:
    read = set()
    for path in SAMPLES.glob("*.json"):
        found = events(RawRequest(body=path.read_bytes(), headers={}))
        read |= {event.kind for event in found}
        assert all(event.subject and event.occurred_at for event in found), path.name

    assert read == set(webhooks.EVENTS)
