"""The client against the fake over real sockets: calls, headers, errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from crm.models import Workspace
from integrations.hub.classification import classified
from integrations.hub.errors import (
    AuthExpired,
    Exists,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.http import AddressRefused, recording
from integrations.hub.models import Connection
from integrations.rest_crm.client import Client, NotOffered, Refused, account
from tests.integrations.rest_crm.conftest import connection_make
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db

LEADS = "/api/v1/leads"


def lead(**values: Any) -> dict[str, Any]:
    return {"id": "41", "name": "Ada", "status": "new", **values}


def test_lead_is_created_and_updated(api: Client, sandbox: RunningSandbox) -> None:
    made = api.create("lead", lead(email="ada@example.test", budget_min=5, budget_max=9))
    api.update("lead", made.external_id, {"status": "lost", "lost_reason": "Price"})

    (row,) = sandbox.rows("rest_crm", "leads")
    assert made.external_id == row["id"]
    assert made.our_id == "41"
    assert (row["status"], row["reason"], row["name"]) == ("lost", "Price", "Ada")
    assert row["budgetRange"] == {"min": 5, "max": 9}


def test_whole_story_of_a_sale_is_told(api: Client, sandbox: RunningSandbox) -> None:
    place = api.create("property", {"id": "9", "title": "Mill", "price": 700000, "city": "Perth"})
    buyer = api.create("lead", lead(property=place.external_id, owner="agent_123"))
    api.create("inquiry", {"lead": buyer.external_id, "message": "Is it free?"})
    api.activity_create(
        buyer.external_id,
        {"kind": "viewing_scheduled", "at": datetime(2026, 5, 6, tzinfo=UTC), "note": "10 am"},
    )
    api.update("lead", buyer.external_id, {"status": "converted"})
    api.create("deal", {"lead": buyer.external_id, "name": "Mill, Ada", "amount": 690000})
    api.update("property", place.external_id, {"status": "sold"})

    held = {name: sandbox.rows("rest_crm", name) for name in ("leads", "properties", "deals")}
    assert [row["status"] for row in held["leads"] + held["properties"]] == ["won", "sold"]
    assert [row["lead"] for row in held["deals"]] == [buyer.external_id]
    (activity,) = sandbox.rows("rest_crm", "activities")
    assert (activity["lead"], activity["kind"]) == (buyer.external_id, "viewing_scheduled")
    assert len(sandbox.rows("rest_crm", "inquiries")) == 1


def test_bearer_token_opens_too(workspace: Workspace, sandbox: RunningSandbox) -> None:
    connection = connection_make(workspace, {"api_key": "crm_key_b"}, auth_scheme="bearer")

    assert account(connection).name == "crm.example.test"


def test_account_is_the_address_whatever_the_key(
    workspace: Workspace, connection: Connection
) -> None:
    other = connection_make(
        workspace, {"api_key": "crm_key_other", "api_secret": "crm_secret_other"}
    )

    assert account(connection).id == account(other).id == "crm.example.test/api/v1"


@pytest.mark.parametrize(
    "credentials",
    [
        {"api_key": "crm_key_a", "api_secret": "crm_secret_b"},
        {"api_key": "wrong", "api_secret": "crm_secret_b"},
        {"api_key": "crm_key_expired1", "api_secret": "crm_secret_expired1"},
    ],
)
def test_refused_key_is_auth(
    workspace: Workspace, sandbox: RunningSandbox, credentials: dict[str, str]
) -> None:
    with pytest.raises(AuthExpired):
        Client(connection_make(workspace, credentials)).agents()


def test_unknown_status_is_refused_by_field(workspace: Workspace, sandbox: RunningSandbox) -> None:
    api = Client(connection_make(workspace, lead_status="new = brand-new"))

    with pytest.raises(Refused, match="status must be one of") as raised:
        api.create("lead", lead())

    assert set(raised.value.fields) == {"status"}
    assert raised.value.status == 422
    assert not sandbox.rows("rest_crm", "leads")


def test_second_creation_of_a_record_names_the_first(api: Client) -> None:
    made = api.create("lead", lead())

    with pytest.raises(Exists) as raised:
        api.create("lead", lead())

    assert raised.value.external_id == made.external_id


def test_gone_record_is_not_found(api: Client, sandbox: RunningSandbox) -> None:
    made = api.create("lead", lead())
    sandbox.act("rest_crm", "delete", id=made.external_id)

    with pytest.raises(NotFound):
        api.update("lead", made.external_id, {"name": "Bea"})


def test_batch_is_answered_one_by_one(workspace: Workspace, sandbox: RunningSandbox) -> None:
    api = Client(connection_make(workspace, has_batch=True))

    answers = api.leads_batch([lead(id="1"), lead(id="2", email="nonsense"), lead(id="3")])

    assert [answer.is_ok for answer in answers] == [True, False, True]
    assert set(answers[1].fields or {}) == {"email"}
    by_id = {row["externalReference"]: row["id"] for row in sandbox.rows("rest_crm", "leads")}
    assert by_id == {"1": answers[0].external_id, "3": answers[2].external_id}


def test_change_that_has_no_place_there_makes_no_call(api: Client, sandbox: RunningSandbox) -> None:
    api.update("lead", "crm_lead_101", {"score": 5})

    assert sandbox.calls("rest_crm", "PUT", f"{LEADS}/crm_lead_101") == 0


def test_batch_is_not_sent_where_there_is_none(api: Client) -> None:
    with pytest.raises(NotOffered):
        api.leads_batch([lead()])


def test_list_goes_through_all_pages(api: Client, sandbox: RunningSandbox) -> None:
    for number in range(53):
        api.create("lead", lead(id=str(number)))

    seen: list[str] = []
    page = api.leads_page()
    seen += [api.lead_read(row).our_id for row in page.records]
    while page.next_cursor:
        page = api.leads_page(cursor=page.next_cursor)
        seen += [api.lead_read(row).our_id for row in page.records]

    assert seen == [str(number) for number in range(53)]
    assert sandbox.calls("rest_crm", "GET", LEADS) == 2


def test_list_since_a_moment_holds_what_changed(api: Client) -> None:
    api.create("lead", lead())

    later = api.leads_page(updated_since=datetime.now(UTC) + timedelta(hours=1))
    earlier = api.leads_page(updated_since=datetime.now(UTC) - timedelta(hours=1))

    assert (len(later.records), len(earlier.records)) == (0, 1)


def test_agents_are_listed(api: Client) -> None:
    agents = {agent.external_id: agent for agent in api.agents()}

    assert agents["agent_123"].email == "cleo@agents.example"


def test_other_names_are_read_back(api: Client, sandbox: RunningSandbox) -> None:
    sandbox.act("rest_crm", "switch_dialect")

    made = api.create("lead", lead(status="converted", phone="1", preferred_areas=["a", "b"]))

    assert made.problems == ()
    assert (made.values["name"], made.values["status"]) == ("Ada", "converted")
    assert (made.values["phone"], made.values["preferred_areas"]) == ("1", ["a", "b"])


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("server_error", "", RetryLater),
        ("unauthorized", "", AuthExpired),
        ("forbidden", "", Forbidden),
        ("not_found", "", NotFound),
        ("refused", "name", Refused),
        ("not_json", "", RetryLater),
    ],
)
def test_trouble_has_its_type(
    api: Client, sandbox: RunningSandbox, kind: str, value: str, error: type[Exception]
) -> None:
    sandbox.misbehave("rest_crm", kind, value=value)

    with pytest.raises(error):
        api.create("lead", lead())


def test_rate_limit_says_how_long(api: Client, sandbox: RunningSandbox) -> None:
    sandbox.misbehave("rest_crm", "rate_limited", value="7")

    with pytest.raises(RateLimited) as raised:
        api.agents()

    assert raised.value.after == 7


def test_lost_reply_is_an_unknown_outcome_and_the_retry_finds_the_record(
    api: Client, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("rest_crm", "lost_reply", method="POST", path=LEADS)

    with pytest.raises(requests.RequestException) as raised:
        api.create("lead", lead())
    with pytest.raises(Exists) as again:
        api.create("lead", lead())

    assert isinstance(classified(raised.value), OutcomeUnknown)
    assert again.value.external_id == sandbox.rows("rest_crm", "leads")[0]["id"]


def test_timeout_of_the_settings_holds(workspace: Workspace, sandbox: RunningSandbox) -> None:
    sandbox.misbehave("rest_crm", "slow", value="20")

    with pytest.raises(requests.Timeout):
        Client(connection_make(workspace, timeout_ms=300)).agents()


def test_record_of_a_call_holds_no_secret(api: Client) -> None:
    with recording() as exchanges:
        api.webhook_create(
            url="https://nexa.example.test/hook", events=["lead.updated"], secret="hush-hush-1"
        )

    assert "hush-hush-1" not in str(exchanges)
    assert "crm_secret_t1" not in str(exchanges)


@pytest.mark.parametrize("base", ["https://127.0.0.1", "http://93.184.216.34", "https://[::1]:9"])
def test_address_in_a_private_network_is_refused(
    workspace: Workspace, settings: Any, base: str
) -> None:
    settings.NEXA_SANDBOX_URL = ""

    with pytest.raises(AddressRefused):
        Client(connection_make(workspace, base_url=base)).agents()


def test_answer_without_an_id_says_where_to_name_its_place(
    workspace: Workspace, sandbox: RunningSandbox
) -> None:
    api = Client(connection_make(workspace, lead_fields="external_id = uuid"))

    with pytest.raises(Rejected, match="lead_fields"):
        api.create("lead", lead())
