"""How the fake refuses: keys, versions, bodies, parameters, idempotency keys, misbehaviour."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import requests
import stripe

from tests.sandbox import RunningSandbox, running_sandbox

AUTHORIZED = {"Authorization": "Bearer sk_test_nexa_x"}


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Never recorded: most requests here are wrong on purpose."""
    with running_sandbox(is_recorded=False) as running:
        yield running


def test_request_without_key_is_401(sandbox: RunningSandbox) -> None:
    reply = requests.get(f"{sandbox.url}/stripe/v1/customers", timeout=5)

    assert reply.status_code == 401
    assert reply.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("key", ["sk_live_x", "whatever"])
def test_key_of_another_kind_is_401(sandbox: RunningSandbox, key: str) -> None:
    client = stripe.StripeClient(key, base_addresses={"api": f"{sandbox.url}/stripe"})

    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        client.v1.customers.list()


def test_expired_key_says_so(sandbox: RunningSandbox) -> None:
    client = stripe.StripeClient(
        "sk_test_expired1", base_addresses={"api": f"{sandbox.url}/stripe"}
    )

    with pytest.raises(stripe.AuthenticationError, match="Expired API Key"):
        client.v1.customers.list()


def test_json_body_is_refused(sandbox: RunningSandbox) -> None:
    reply = requests.post(
        f"{sandbox.url}/stripe/v1/customers", json={"name": "A"}, headers=AUTHORIZED, timeout=5
    )

    assert reply.status_code == 400
    assert "content type" in reply.json()["error"]["message"]


def test_other_api_version_is_refused(sandbox: RunningSandbox) -> None:
    reply = requests.get(
        f"{sandbox.url}/stripe/v1/customers",
        headers={**AUTHORIZED, "Stripe-Version": "2019-01-01"},
        timeout=5,
    )

    assert reply.status_code == 400


def test_reply_echoes_request_id_version_and_key(sandbox: RunningSandbox) -> None:
    reply = requests.post(
        f"{sandbox.url}/stripe/v1/customers",
        data={"name": "A"},
        headers={**AUTHORIZED, "Idempotency-Key": "k-1"},
        timeout=5,
    )

    assert reply.headers["Request-Id"].startswith("req_")
    assert reply.headers["Stripe-Version"] == "2026-10-28.endive"
    assert reply.headers["Idempotency-Key"] == "k-1"


@pytest.mark.parametrize(
    ("path", "form", "code", "param"),
    [
        ("customers", {"nme": "A"}, "parameter_unknown", "nme"),
        ("products", {}, "parameter_missing", "name"),
        ("products", {"name": ""}, "parameter_invalid_empty", "name"),
        ("prices", {"currency": "usd"}, "parameter_missing", "product"),
        ("prices", {"currency": "usd", "product": "prod_0"}, "resource_missing", "product"),
        (
            "payment_intents",
            {"amount": "x", "currency": "usd"},
            "parameter_invalid_integer",
            "amount",
        ),
        ("subscriptions", {"items[0][price]": "price_0"}, "parameter_missing", "customer"),
        (
            "subscriptions",
            {"customer": "cus_0", "items[0][prize]": "p"},
            "parameter_unknown",
            "items[0][prize]",
        ),
    ],
)
def test_wrong_parameter_is_named(
    sandbox: RunningSandbox, path: str, form: dict[str, str], code: str, param: str
) -> None:
    reply = requests.post(
        f"{sandbox.url}/stripe/v1/{path}", data=form, headers=AUTHORIZED, timeout=5
    )

    assert reply.status_code == 400
    assert (reply.json()["error"]["code"], reply.json()["error"]["param"]) == (code, param)


def test_missing_object_is_404_and_missing_cursor_400(sdk: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        sdk.v1.customers.retrieve("cus_none")
    with pytest.raises(stripe.InvalidRequestError) as cursor:
        sdk.v1.customers.list({"starting_after": "cus_none"})

    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    assert (cursor.value.http_status, cursor.value.param) == (400, "starting_after")


@pytest.mark.parametrize("limit", [0, 101])
def test_limit_is_bounded(sdk: stripe.StripeClient, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="limit"):
        sdk.v1.customers.list({"limit": limit})


def test_property_that_cannot_be_expanded_is_refused(
    sdk: stripe.StripeClient, customer: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        sdk.v1.customers.retrieve(customer, {"expand": ["name"]})


def test_currencies_and_intervals_do_not_mix(
    sdk: stripe.StripeClient, customer: str, price: str
) -> None:
    product = sdk.v1.products.create({"name": "Other"}).id
    yearly = sdk.v1.prices.create(
        {"product": product, "currency": "aud", "unit_amount": 1, "recurring": {"interval": "year"}}
    )
    once = sdk.v1.prices.create({"product": product, "currency": "aud", "unit_amount": 1})

    for other, words in ((yearly.id, "one interval"), (once.id, "type=one_time")):
        with pytest.raises(stripe.InvalidRequestError, match=words):
            sdk.v1.subscriptions.create(
                {"customer": customer, "items": [{"price": price}, {"price": other}]}
            )


# --- Idempotency --------------------------------------------------------------------------------


def test_same_key_plays_the_first_reply_back(
    sdk: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    first = sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "once"})
    second = sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "once"})

    assert second.id == first.id
    assert second.last_response is not None
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(sandbox.rows("stripe", "customers")) == 1


def test_same_key_with_other_parameters_is_refused(sdk: stripe.StripeClient) -> None:
    sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "once"})

    with pytest.raises(stripe.IdempotencyError) as refused:
        sdk.v1.customers.create({"name": "B"}, {"idempotency_key": "once"})

    assert refused.value.http_status == 400


def test_validation_failure_frees_the_key(sdk: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.products.create({"nme": "A"}, {"idempotency_key": "again"})  # type: ignore[typeddict-item]

    made = sdk.v1.products.create({"name": "A"}, {"idempotency_key": "again"})

    assert made.name == "A"


def test_kept_server_error_is_played_back_though_the_work_was_done(
    sdk: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("stripe", "server_error_kept", method="POST", value="done")

    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "kept"})
        assert failed.value.http_status == 500

    assert len(sandbox.rows("stripe", "customers")) == 1


def test_key_is_forgotten_after_a_day(sdk: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    first = sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "old"})
    sandbox.act("stripe", "forget_idempotency_keys")

    second = sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "old"})

    assert second.id != first.id


def test_key_in_flight_is_409_for_the_second(
    sdk: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    """The first request waits for the store, which this test holds."""
    store = sandbox.vendor("stripe").store
    replies: list[int] = []

    def post() -> None:
        reply = requests.post(
            f"{sandbox.url}/stripe/v1/customers",
            data={"name": "A"},
            headers={**AUTHORIZED, "Idempotency-Key": "racing"},
            timeout=10,
        )
        replies.append(reply.status_code)

    with store.lock:
        threads = [threading.Thread(target=post) for _ in range(2)]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()

    assert len(sandbox.rows("stripe", "customers")) == 1
    assert set(replies) <= {200, 409}
    assert 200 in replies


# --- Misbehaviour -------------------------------------------------------------------------------


def test_rate_limit_names_its_reason(sdk: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    sandbox.misbehave("stripe", "rate_limited", value="endpoint-rate", path="/v1/customers")

    with pytest.raises(stripe.RateLimitError) as limited:
        sdk.v1.customers.list()

    assert limited.value.headers is not None
    assert limited.value.headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert sdk.v1.customers.list().data == []


def test_missing_permission_is_named(sdk: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    sandbox.misbehave("stripe", "missing_permission", value="rak_invoice_read")

    with pytest.raises(stripe.PermissionError, match="rak_invoice_read"):
        sdk.v1.invoices.list()


def test_lost_reply_was_nevertheless_done(
    sdk: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    sandbox.misbehave("stripe", "lost_reply", method="POST", path="/v1/customers")

    with pytest.raises(stripe.APIConnectionError):
        sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "lost"})
    again = sdk.v1.customers.create({"name": "A"}, {"idempotency_key": "lost"})

    assert [row["id"] for row in sandbox.rows("stripe", "customers")] == [again.id]


def test_dropped_connection_did_nothing(sdk: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    sandbox.misbehave("stripe", "dropped")

    with pytest.raises(stripe.APIConnectionError):
        sdk.v1.customers.create({"name": "A"})

    assert sandbox.rows("stripe", "customers") == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("server_error", stripe.APIError),
        ("card_declined", stripe.CardError),
        ("unauthorized", stripe.AuthenticationError),
        ("key_in_use", stripe.APIError),
        ("lock_timeout", stripe.RateLimitError),
    ],
)
def test_misbehaviour_has_the_vendors_words(
    sdk: stripe.StripeClient, sandbox: RunningSandbox, kind: str, error: type[Exception]
) -> None:
    sandbox.misbehave("stripe", kind)

    with pytest.raises(error):
        sdk.v1.customers.create({"name": "A"})
