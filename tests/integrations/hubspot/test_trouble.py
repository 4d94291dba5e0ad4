"""Log-in and trouble: tokens that die, limits by policy, locked, moved; each as the hub's error."""

from __future__ import annotations

import copy
import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from integrations.hub import registry, throttle
from integrations.hub.credentials import Secrets
from integrations.hub.errors import (
    AuthExpired,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.models import Connection
from integrations.hub.oauth import Application
from integrations.hub.oauth.names import GrantRefused
from integrations.hub.oauth.token_calls import (
    Code,
    Tokens,
    code_exchange,
    token_introspect,
    token_refresh,
    token_revoke,
)
from integrations.hub.sandbox.fake import VendorRequest
from integrations.hubspot.client import Client, MissingScopes, TokenExpired
from integrations.hubspot.client.errors import seconds_to_midnight
from integrations.hubspot.client.paths import path_render
from integrations.hubspot.oauth import AUTHORIZE_URL, OAUTH
from integrations.hubspot.provider import provider as hubspot
from integrations.hubspot.sandbox.catalog import CLIENT_ID, CLIENT_SECRET
from tests.integrations.hubspot.conftest import Raw
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
REDIRECT = "https://crm.example.test/oauth/callback"


APPLICATION = Application(CLIENT_ID, CLIENT_SECRET)


def granted(sandbox: RunningSandbox, client: Client, *scopes: str) -> Tokens:
    """As after the consent page."""
    asked = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "state": "s1"}
    asked["scope"] = " ".join(scopes or OAUTH.scopes_needed(is_read_only=False))
    # The page is on another host than the API, so no recording of the API has it.
    request = VendorRequest("GET", urlsplit(AUTHORIZE_URL).path, urlencode(asked), {}, b"")
    page = sandbox.vendor("hubspot").fake.answer(request)
    back = parse_qs(urlsplit(page.headers["Location"]).query)
    assert back["state"] == ["s1"]
    return code_exchange(signing_in(client), APPLICATION, Code(back["code"][0], "", REDIRECT))


def signing_in(client: Client, **secrets: str) -> Connection:
    """The client's connection as the hub asks for tokens with it; it is not stored so."""
    asking = copy.copy(client.connection)
    asking.credentials = Secrets(secrets)
    return asking


def client_with(client: Client, tokens: Tokens) -> Client:
    return Client(signing_in(client, access_token=tokens.access_token))


# --- Tokens -------------------------------------------------------------------------------------


def test_code_becomes_tokens_and_works_once(sandbox: RunningSandbox, plain_client: Client) -> None:
    tokens = granted(sandbox, plain_client)

    assert (tokens.lifetime_seconds, tokens.account_id) == (1800, "62515")
    assert "crm.objects.deals.write" in tokens.scopes
    assert tokens.access_token not in repr(tokens)
    asking = signing_in(plain_client)
    said = token_introspect(asking, APPLICATION, tokens.access_token)
    assert said["active"] is True
    assert OAUTH.granted(said) == tokens.scopes
    assert client_with(plain_client, tokens).account().id == "62515"
    with pytest.raises(GrantRefused):
        code_exchange(asking, APPLICATION, Code("code-unknown", "", REDIRECT))


def test_expired_token_is_mended_by_a_refresh(
    sandbox: RunningSandbox, plain_client: Client
) -> None:
    tokens = granted(sandbox, plain_client)
    sandbox.act("hubspot", "expire_tokens")
    with pytest.raises(TokenExpired):
        client_with(plain_client, tokens).account()

    fresh = token_refresh(signing_in(plain_client, refresh_token=tokens.refresh_token), APPLICATION)

    assert fresh.refresh_token == tokens.refresh_token
    assert client_with(plain_client, fresh).account().id == "62515"


@pytest.mark.parametrize("how", ["revoke", "uninstall"])
def test_dead_refresh_token_asks_for_a_person(
    sandbox: RunningSandbox, plain_client: Client, how: str
) -> None:
    tokens = granted(sandbox, plain_client)
    asking = signing_in(plain_client, refresh_token=tokens.refresh_token)
    if how == "revoke":
        token_revoke(asking, APPLICATION, tokens.refresh_token)
    else:
        sandbox.act("hubspot", "uninstall")

    with pytest.raises(GrantRefused):
        token_refresh(asking, APPLICATION)

    assert token_introspect(asking, APPLICATION, tokens.access_token) == {"active": False}
    with pytest.raises(AuthExpired):
        client_with(plain_client, tokens).account()


def test_missing_scope_is_named(sandbox: RunningSandbox, plain_client: Client) -> None:
    tokens = granted(sandbox, plain_client, "oauth", "crm.objects.contacts.read")
    client = client_with(plain_client, tokens)

    assert client.objects_list("contacts").results == ()
    with pytest.raises(MissingScopes) as raised:
        client.object_create("contacts", {"email": "ada@example.test"})

    assert raised.value.scopes == ("crm.objects.contacts.write",)
    assert "test the connection here" in str(raised.value)
    said = str(raised.value)
    assert "crm.objects.contacts.write" in said
    assert "Add it to the app in HubSpot" in said


def test_rotated_private_token_is_refused(plain_client: Client, sandbox: RunningSandbox) -> None:
    token = plain_client.connection.secret("access_token")
    sandbox.act("hubspot", "revoke_private_token", token=token)

    with pytest.raises(AuthExpired) as raised:
        plain_client.account()

    assert not isinstance(raised.value, TokenExpired)
    assert str(raised.value).startswith("HubSpot does not take this token or key (any more)")


# --- Limits -------------------------------------------------------------------------------------


def test_limits_wait_as_their_policy_says(plain_client: Client, sandbox: RunningSandbox) -> None:
    waits = []
    for policy in ("SECONDLY", "TEN_SECONDLY_ROLLING"):
        sandbox.misbehave("hubspot", "rate_limited", value=policy)
        with pytest.raises(RateLimited) as raised:
            plain_client.account()
        waits.append(raised.value.after)

    assert waits == [1, 10]


def test_daily_limit_waits_for_the_portals_midnight(
    plain_client: Client, sandbox: RunningSandbox
) -> None:
    plain_client.connection.settings["time_zone"] = "Australia/Sydney"
    sandbox.misbehave("hubspot", "rate_limited", value="DAILY")

    with pytest.raises(RateLimited) as raised:
        plain_client.account()

    expected = seconds_to_midnight("Australia/Sydney")
    assert raised.value.after == pytest.approx(expected, abs=60)


def test_midnight_is_the_portals_own_also_when_clocks_change() -> None:
    noon = datetime.datetime(2026, 10, 3, 13, 0, tzinfo=datetime.UTC)  # 23:00 in Sydney

    assert seconds_to_midnight("Australia/Sydney", noon) == 3600
    assert seconds_to_midnight("", noon) == 11 * 3600
    assert seconds_to_midnight("No/Where", noon) == 11 * 3600
    # The clock goes forward that night: the next day has 23 hours.
    after = noon + datetime.timedelta(hours=1)
    assert seconds_to_midnight("Australia/Sydney", after) == 23 * 3600


def test_vendor_counts_calls_and_says_what_is_left(raw: Raw) -> None:
    replies = [raw("GET", "/account-info/v3/details") for _ in range(101)]

    first, last = replies[0], replies[-1]
    assert first.headers["X-HubSpot-RateLimit-Remaining"] == "99"
    assert first.headers["X-HubSpot-RateLimit-Daily"] == "250000"
    assert last.status_code == 429
    assert last.json()["policyName"] == "TEN_SECONDLY_ROLLING"


def test_calls_of_other_applications_lower_what_we_believe_is_left(
    plain_client: Client, sandbox: RunningSandbox
) -> None:
    registry.remove("hubspot")
    registry.add(hubspot)
    connection = Connection.objects.get(pk=plain_client.connection.pk)
    other = Raw(sandbox.url)
    for _ in range(95):
        other("GET", "/account-info/v3/details")

    Client(connection).account()  # leaves 4 of the 100; alone we would believe in 19

    # Eight of them come back each second; a slow machine may see some.
    assert 4 <= sum(throttle.ask(connection).is_admitted for _ in range(19)) < 12


# --- Trouble ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "value", "seconds"),
    [
        ("locked", "", 2),
        ("locked", "9", 9),
        ("migrating", "7200", 7200),
        ("server_error", "", None),
    ],
)
def test_trouble_is_tried_later(
    plain_client: Client, sandbox: RunningSandbox, fault: str, value: str, seconds: float | None
) -> None:
    sandbox.misbehave("hubspot", fault, value=value)

    with pytest.raises(RetryLater) as raised:
        plain_client.account()

    assert raised.value.after_seconds == seconds


@pytest.mark.parametrize("status", ["502", "503", "504", "521", "523", "524"])
def test_every_server_status_is_tried_later(
    plain_client: Client, sandbox: RunningSandbox, status: str
) -> None:
    sandbox.misbehave("hubspot", "server_error", value=status)

    with pytest.raises(RetryLater) as raised:
        plain_client.account()

    assert raised.value.status == int(status)


def test_web_page_instead_of_json_is_tried_later(
    plain_client: Client, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("hubspot", "not_json")

    with pytest.raises(RetryLater, match="not JSON"):
        plain_client.account()


def test_lost_reply_leaves_the_work_done(plain_client: Client, sandbox: RunningSandbox) -> None:
    sandbox.misbehave("hubspot", "lost_reply", method="POST", path="/crm/v3/objects/contacts")

    with pytest.raises(requests.ConnectionError):
        plain_client.object_create("contacts", {"email": "ada@example.test"})

    assert len(plain_client.objects_list("contacts").results) == 1


def test_long_url_is_refused(plain_client: Client) -> None:
    with pytest.raises(Rejected) as raised:
        plain_client.objects_list("contacts", properties=["x" * 100] * 200)

    assert raised.value.status == 414


def test_unknown_version_is_refused_before_a_call() -> None:
    with pytest.raises(ValueError, match="no version"):
        path_render("v5", "objects", "contacts")


def test_paths_quote_what_they_name() -> None:
    assert path_render("v3", "objects", "contacts", "a/b@c") == "/crm/v3/objects/contacts/a%2Fb%40c"
    assert path_render("2026-03", "account", "details") == "/account-info/2026-03/details"
