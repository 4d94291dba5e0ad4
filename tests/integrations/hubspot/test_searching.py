"""Searches: what changed since, the cap, the one order, the lag of the index; and 20,000 rows."""

from __future__ import annotations

import time
from typing import Any

import pytest

from integrations.hub.errors import RateLimited
from integrations.hubspot.client import BatchInput, Client, Filter, Search
from integrations.hubspot.sandbox.moments import milliseconds_of
from tests.integrations.hubspot.conftest import Raw
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
SEARCH = "/crm/v3/objects/contacts/search"


def since(milliseconds: int) -> tuple[tuple[Filter, ...], ...]:
    return ((Filter("lastmodifieddate", "GTE", str(milliseconds)),),)


def test_search_finds_what_changed_since_in_order(client: Client) -> None:
    made = client.objects_create(
        "contacts", [BatchInput({"email": f"p{n}@example.test"}) for n in range(3)]
    )
    last = milliseconds_of(made.results[2].updated_at)
    assert last is not None
    later = client.object_patch("contacts", made.results[0].id, {"firstname": "Later"})

    everything = Search(since(last), sort="lastmodifieddate", properties=["email"], limit=200)
    page = client.objects_search("contacts", everything)

    moments = [row.properties["lastmodifieddate"] or "" for row in page.results]
    assert moments == sorted(moments)
    assert page.results[-1].id == later.id
    assert page.total == len(page.results)


def test_search_pages_by_the_cursor(client: Client) -> None:
    inputs = [BatchInput({"email": f"p{n}@example.test"}) for n in range(5)]
    made = [row.id for row in client.objects_create("contacts", inputs).results]
    search = Search(since(0), sort="hs_object_id", limit=2)

    found, after = [], ""
    for _ in range(3):
        page = client.objects_search("contacts", search, after=after)
        found += [row.id for row in page.results]
        after = page.after

    assert found == made
    assert after == ""
    assert page.total == 5


def test_one_timestamp_is_walked_by_id(plain_client: Client) -> None:
    inputs = [BatchInput({"email": f"p{n}@example.test"}) for n in range(6)]
    made = plain_client.objects_create("contacts", inputs).results
    moment = str(milliseconds_of(made[3].updated_at))
    same = [row.id for row in made if str(milliseconds_of(row.updated_at)) == moment]

    group = (
        Filter("lastmodifieddate", "EQ", moment),
        Filter("hs_object_id", "GT", str(int(same[0]) - 1)),
    )
    page = plain_client.objects_search("contacts", Search((group,), sort="hs_object_id"))

    assert [row.id for row in page.results] == same


def test_other_filters_and_orders_work(plain_client: Client) -> None:
    for name, stage in (("Bo", "lead"), ("Ada", "lead"), ("Cy", "customer")):
        plain_client.object_create("contacts", {"firstname": name, "lifecyclestage": stage})

    leads = Search(((Filter("lifecyclestage", "IN", values=("lead",)),),), sort="firstname")
    latest = Search(sort="hs_object_id", is_descending=True, limit=1)
    either = Search(((Filter("firstname", "EQ", "cy"),), (Filter("firstname", "EQ", "bo"),)))

    found = plain_client.objects_search("contacts", leads).results
    others = plain_client.objects_search("contacts", either)
    (last,) = plain_client.objects_search("contacts", latest).results
    assert last.properties["firstname"] == "Cy"
    assert [row.properties["firstname"] for row in found] == ["Ada", "Bo"]
    assert others.total == 2
    assert plain_client.objects_search("contacts", Search(query="ada")).total == 1


def test_index_lags_behind_when_it_is_told_to(
    plain_client: Client, sandbox: RunningSandbox
) -> None:
    made = plain_client.object_create("contacts", {"email": "ada@example.test"})
    sandbox.act("hubspot", "search_lag", seconds="3600")

    plain_client.object_patch("contacts", made.id, {"email": "new@example.test"})
    found = plain_client.objects_search("contacts", Search(since(0), properties=["email"]))

    assert [row.properties["email"] for row in found.results] == ["ada@example.test"]
    assert plain_client.object_get("contacts", made.id).properties["email"] == "new@example.test"


def test_own_limiter_spaces_searches(plain_client: Client) -> None:
    began = time.monotonic()

    for _ in range(5):
        plain_client.objects_search("contacts", Search())

    assert time.monotonic() - began >= 0.9  # the first at once, then four a second


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9900"},
        {"sorts": [{"propertyName": "email"}, {"propertyName": "firstname"}]},
        {"filterGroups": [{"filters": []}] * 6},
        {
            "filterGroups": [
                {"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 7}
            ]
        },
        {"filterGroups": [{"filters": [{"propertyName": "nothing", "operator": "EQ"}]}]},
        {"query": "x" * 3001},
        {
            "filterGroups": [
                {
                    "filters": [
                        {
                            "propertyName": "lastmodifieddate",
                            "operator": "GTE",
                            "value": "2026-11-21T08:00:00Z",
                        }
                    ]
                }
            ]
        },
    ],
    ids=["page", "cap", "two orders", "groups", "filters", "property", "query", "time"],
)
def test_vendor_refuses_what_it_does_not_take(raw: Raw, body: dict[str, Any]) -> None:
    reply = raw("POST", SEARCH, json=body)

    assert reply.status_code == 400
    assert reply.json()["category"] == "VALIDATION_ERROR"


def test_vendor_takes_five_searches_a_second(raw: Raw) -> None:
    replies = [raw("POST", SEARCH, json={}) for _ in range(20)]

    refused = [reply for reply in replies if reply.status_code == 429]
    assert refused
    assert refused[0].json()["policyName"] == "SECONDLY"
    assert "X-HubSpot-RateLimit-Max" not in refused[0].headers


def test_refused_search_waits_a_second(plain_client: Client, sandbox: RunningSandbox) -> None:
    sandbox.misbehave("hubspot", "rate_limited", path="/crm/v3/objects", value="SECONDLY")

    with pytest.raises(RateLimited) as raised:
        plain_client.objects_search("contacts", Search())

    assert raised.value.after == 1


def test_vendor_stays_quick_with_many_contacts(raw: Raw) -> None:
    control = f"{raw.url.removesuffix('/hubspot')}/_control/hubspot/actions"
    limits = {"ten_secondly": "100000", "search": "100000"}
    raw.url, url = "", raw.url
    assert raw("POST", f"{control}/set_limits", json=limits).ok
    assert raw("POST", f"{control}/seed", json={"kind": "contacts", "count": "20000"}).ok
    raw.url = url

    began, after, seen = time.monotonic(), "0", 0
    while after:
        page = raw("GET", f"/crm/v3/objects/contacts?limit=100&after={after}").json()
        seen += len(page["results"])
        after = page.get("paging", {}).get("next", {}).get("after", "")
    body = {
        "filterGroups": [
            {"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1"}]}
        ],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        "limit": 200,
        "after": "9800",
    }
    found = raw("POST", SEARCH, json=body).json()

    assert seen == 20_000
    assert (found["total"], found["paging"]["next"]["after"]) == (20_000, "10000")
    # 201 replies of some milliseconds each; generous for a busy machine.
    assert time.monotonic() - began < 60
