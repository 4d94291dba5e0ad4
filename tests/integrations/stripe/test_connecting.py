"""Connecting, testing and disconnecting, and what the SDK's errors mean to the hub."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from crm.models import User, Workspace
from integrations.hub.connections import (
    connection_create,
    connection_disconnect,
    connection_pause,
    connection_resume,
    connection_test,
    credentials_replace,
)
from integrations.hub.errors import (
    AlreadyConnected,
    AuthExpired,
    Conflict,
    Forbidden,
    HubError,
    InvalidSettings,
    NotFound,
    RateLimited,
    RetryLater,
)
from integrations.hub.models import Connection
from integrations.stripe.client import API_VERSION, Client, Refused, StoredFailure, error
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connect(workspace: Workspace, admin: User, sandbox: RunningSandbox, settings: Any) -> Any:
    settings.NEXA_SANDBOX_URL = sandbox.url

    def make(
        key: str = "sk_test_nexa_tests", *, name: str = "Stripe", **credentials: str
    ) -> Connection:
        return connection_create(
            workspace=workspace,
            provider_id="stripe",
            name=name,
            credentials={"api_key": key, **credentials},
            settings={},
            actor=admin,
        )

    return make


def test_connecting_registers_the_webhook_at_our_version(
    connect: Any, sandbox: RunningSandbox
) -> None:
    connection = connect()

    endpoint = sandbox.rows("stripe", "webhook_endpoints")[0]
    assert connection.state == "active"
    assert endpoint["url"].endswith(f"/webhooks/stripe/{connection.webhook_key}/")
    assert endpoint["api_version"] == API_VERSION
    assert "invoice.payment_failed" in endpoint["enabled_events"]
    assert connection.secret("webhook_secret").startswith("whsec_")
    assert connection.remote_account_name == "Nexa sandbox, test mode"
    assert connection.remote_account_id == "acct_1NexaSandbox00000:test"


def test_secret_typed_by_hand_makes_no_second_webhook(
    connect: Any, sandbox: RunningSandbox
) -> None:
    connect(webhook_secret="whsec_made_by_hand_0123")

    assert sandbox.rows("stripe", "webhook_endpoints") == []


def test_new_key_keeps_the_webhook_that_is_there(
    connect: Any, sandbox: RunningSandbox, admin: User
) -> None:
    connection = connect()

    report = credentials_replace(
        connection, credentials={"api_key": "rk_test_nexa_another"}, actor=admin
    )

    assert report.is_ok
    assert len(sandbox.rows("stripe", "webhook_endpoints")) == 1


def test_webhook_lost_at_stripe_is_made_again(
    connect: Any, sandbox: RunningSandbox, sdk: stripe.StripeClient, admin: User
) -> None:
    connection = connect()
    sdk.v1.webhook_endpoints.delete(sandbox.rows("stripe", "webhook_endpoints")[0]["id"])

    credentials_replace(connection, credentials={"api_key": "sk_test_nexa_tests"}, actor=admin)

    assert len(sandbox.rows("stripe", "webhook_endpoints")) == 1


def test_test_makes_a_lost_webhook_anew_and_says_so(
    connect: Any, sandbox: RunningSandbox, sdk: stripe.StripeClient
) -> None:
    connection = connect()
    secret = connection.secret("webhook_secret")
    sdk.v1.webhook_endpoints.delete(endpoint_of(sandbox)["id"])

    report = connection_test(connection)

    connection.refresh_from_db()
    assert report.is_ok
    assert "was gone at Stripe and was made anew" in report.message
    assert connection.webhook_note in report.message
    assert connection.webhook_checked_at is not None
    assert connection.settings["webhook_endpoint"] == endpoint_of(sandbox)["id"]
    assert connection.secret("webhook_secret") not in ("", secret)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"disabled": True}, "was switched off at Stripe; mended"),
        ({"url": "https://elsewhere.example.test/"}, "led to another address; mended"),
        ({"enabled_events": ["invoice.paid"]}, "did not send every event; mended"),
    ],
)
def test_resume_mends_a_webhook_that_was_changed(
    connect: Any,
    sandbox: RunningSandbox,
    sdk: stripe.StripeClient,
    change: dict[str, Any],
    words: str,
) -> None:
    connection = connect()
    before = endpoint_of(sandbox)
    sdk.v1.webhook_endpoints.update(before["id"], change)
    connection_pause(connection, actor=None)

    report = connection_resume(connection, actor=None)

    assert words in report.message
    assert endpoint_of(sandbox) == before
    assert connection.state == "active"
    assert connection_test(connection).message.endswith("The web-hook is in place.")


def test_webhook_of_another_version_is_made_anew(
    connect: Any, sandbox: RunningSandbox, sdk: stripe.StripeClient
) -> None:
    connection = connect()
    row = endpoint_of(sandbox)
    collection = sandbox.vendor("stripe").collection("webhook_endpoints")
    collection.put(row["id"], {**row, "api_version": "2022-11-15"})

    report = connection_test(connection)

    assert "another version" in report.message
    assert endpoint_of(sandbox)["api_version"] == API_VERSION


def test_webhook_that_cannot_be_mended_needs_attention(
    connect: Any, sandbox: RunningSandbox
) -> None:
    connection = connect("rk_test_nexa_tests")
    path = f"/v1/webhook_endpoints/{endpoint_of(sandbox)['id']}"
    sandbox.misbehave("stripe", "missing_permission", method="GET", path=path)

    report = connection_test(connection)

    assert not report.is_ok
    assert "refused the web-hook" in report.message
    assert (connection.state, connection.attention) == ("active", report.message)
    assert connection_test(connection).is_ok
    assert connection.attention == ""


def test_second_connection_of_an_account_is_refused(connect: Any, sandbox: RunningSandbox) -> None:
    connect()

    with pytest.raises(AlreadyConnected, match="connected already, as “Stripe”"):
        connect("rk_test_nexa_again", name="Another")

    assert Connection.objects.count() == 1
    assert len(sandbox.rows("stripe", "webhook_endpoints")) == 1


def test_key_that_may_not_name_its_account_is_its_own_name(
    connect: Any, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("stripe", "missing_permission", method="GET", path="/v1/account")

    connection = connect("rk_test_nexa_tests")

    assert connection.state == "active"
    assert connection.remote_account_id == "key-ests:test"


def test_connection_known_by_an_older_name_is_known_again(
    connect: Any, sandbox: RunningSandbox
) -> None:
    first = connect()
    # As the account was called before the vendor was asked for its own id.
    Connection.objects.update(remote_account_id="test:ests")

    with pytest.raises(AlreadyConnected, match="connected already, as “Stripe”"):
        connect("rk_test_nexa_again", name="Another")

    first.refresh_from_db()
    assert first.remote_account_id == "acct_1NexaSandbox00000:test"
    assert Connection.objects.count() == 1


def test_later_connection_does_not_take_the_account_from_an_older_one(
    connect: Any, sandbox: RunningSandbox
) -> None:
    first = connect()
    Connection.objects.update(remote_account_id="")
    later = connect("rk_test_nexa_again", name="Another")
    Connection.objects.filter(pk=first.pk).update(remote_account_id="test:ests")
    first.refresh_from_db()

    assert connection_test(first).is_ok
    assert connection_test(later).is_taken
    later.refresh_from_db()
    assert (first.state, later.state) == ("active", "paused")


def test_replaced_key_that_may_not_name_its_account_keeps_the_name(
    connect: Any, sandbox: RunningSandbox, admin: User
) -> None:
    connection = connect()
    sandbox.misbehave("stripe", "missing_permission", method="GET", path="/v1/account")

    report = credentials_replace(
        connection, credentials={"api_key": "rk_test_nexa_another"}, actor=admin
    )

    assert report.is_ok
    assert connection.remote_account_id == "acct_1NexaSandbox00000:test"


def endpoint_of(sandbox: RunningSandbox) -> dict[str, Any]:
    (row,) = sandbox.rows("stripe", "webhook_endpoints")
    return dict(row)


def test_disconnecting_takes_the_webhook_away(
    connect: Any, sandbox: RunningSandbox, admin: User
) -> None:
    connection = connect()

    connection_disconnect(connection, actor=admin)

    assert sandbox.rows("stripe", "webhook_endpoints") == []


def test_test_names_what_the_key_may_not_read(connect: Any, sandbox: RunningSandbox) -> None:
    connection = connect("rk_test_nexa_tests")
    sandbox.misbehave("stripe", "missing_permission", path="/v1/invoices", method="GET")

    report = connection_test(connection)

    assert not report.is_ok
    assert "may not read: invoices" in report.message


def test_expired_key_is_told_and_the_connection_paused(connect: Any) -> None:
    connection = connect("sk_test_expired_1")

    assert connection.state == "paused"
    assert "Expired API Key" in connection.attention


def test_forbidden_webhook_is_told(connect: Any, sandbox: RunningSandbox) -> None:
    sandbox.misbehave(
        "stripe",
        "missing_permission",
        method="POST",
        path="/v1/webhook_endpoints",
        value="rak_webhook_write",
    )

    connection = connect("rk_test_nexa_tests")

    assert connection.state == "paused"
    assert "rak_webhook_write" in connection.attention


@pytest.mark.parametrize("key", ["", "pk_test_wrong_kind", "sk_test_", "sk_test_with blank"])
def test_key_of_another_form_is_refused_before_any_call(connect: Any, key: str) -> None:
    with pytest.raises(InvalidSettings):
        connect(key)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("rate_limited", "global-rate", RateLimited),
        ("lock_timeout", "", Conflict),
        ("server_error", "", RetryLater),
        ("server_error_kept", "", StoredFailure),
        ("card_declined", "", Refused),
        ("missing_permission", "", Forbidden),
        ("unauthorized", "", AuthExpired),
        ("key_in_use", "", Conflict),
    ],
)
def test_errors_become_the_hubs(
    connect: Any, sandbox: RunningSandbox, kind: str, value: str, expected: type[HubError]
) -> None:
    client = Client(connect())
    sandbox.misbehave("stripe", kind, value=value)

    with pytest.raises(expected) as raised:
        client.customer_create({"name": "A"}, key="k")

    assert type(raised.value) is expected
    assert "sk_test_nexa_tests" not in str(raised.value)


def test_replayed_failure_is_known_as_stored(connect: Any, sandbox: RunningSandbox) -> None:
    client = Client(connect())
    sandbox.misbehave("stripe", "server_error_kept")
    with pytest.raises(StoredFailure):
        client.customer_create({"name": "A"}, key="k")

    with pytest.raises(StoredFailure):
        client.customer_create({"name": "A"}, key="k")


def test_missing_object_is_not_found_and_in_a_parameter_refused(connect: Any) -> None:
    client = Client(connect())

    with pytest.raises(NotFound):
        client.customer("cus_none")
    with pytest.raises(Refused) as refused:
        client.subscription_create({"customer": "cus_none", "items": []}, key="k")

    assert refused.value.is_missing or refused.value.param


@pytest.mark.parametrize(
    ("status", "should_retry", "expected"),
    [
        (400, "true", RetryLater),
        (409, "false", Refused),
        (424, "", RetryLater),
        (500, "false", StoredFailure),
        (503, "true", RetryLater),
    ],
)
def test_stripe_should_retry_overrides_the_table(
    status: int, should_retry: str, expected: type[HubError]
) -> None:
    headers = {"Stripe-Should-Retry": should_retry} if should_retry else {}
    raised = stripe.APIError("words", http_status=status, headers=headers)

    assert type(error(raised)) is expected


def test_error_without_status_is_left_to_the_hub() -> None:
    assert error(stripe.APIConnectionError("broken")) is None
    assert error(ValueError("other")) is None


def test_another_key_opens_another_account_with_books_of_its_own(
    connect: Any, sandbox: RunningSandbox
) -> None:
    first = connect("sk_test_nexa_tests", name="First")
    second = connect("sk_test_shop_1", name="Second")

    assert (first.state, second.state) == ("active", "active")
    assert first.remote_account_id != second.remote_account_id
    (mine,) = sandbox.rows("stripe", "webhook_endpoints")
    (other,) = sandbox.rows("stripe", "shop:webhook_endpoints")
    assert first.webhook_key in mine["url"]
    assert second.webhook_key in other["url"]
