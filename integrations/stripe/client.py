"""One typed method per endpoint, over the official SDK; plain dicts come out, hub errors too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import stripe

from integrations.hub.errors import (
    Conflict,
    Forbidden,
    HubError,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.http import error_for_status, session_for
from integrations.hub.models import Connection
from integrations.hub.types import AccountInfo

# Every call and every web-hook endpoint speaks this version, whatever the account's default is.
API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = (5.0, 20.0)
# Limits are per second and come without Retry-After; object limits last longer.
RATE_WAIT_SECONDS = {"resource-specific": 60.0}
SHORT_WAIT_SECONDS = 5.0
# MRR needs what is left out of a subscription by default.
SUBSCRIPTION_EXPAND = ["discounts.source.coupon", "items.data.price.tiers"]
ALL_LIMIT = 100

# What `account` answers when the key may say whose it is.
ACCOUNT_FORM = r"acct_\w+:(test|live)"

Json = dict[str, Any]


class Refused(Rejected):
    """Stripe refused a request; `code` names why and `param` what."""

    def __init__(self, message: str, *, status: int, reason: str, param: str) -> None:
        super().__init__(message, status=status)
        self.reason = reason
        self.param = param

    @property
    def is_missing(self) -> bool:
        """Something the request names does not exist at Stripe (any more)."""
        return self.reason == "resource_missing"


class StoredFailure(RetryLater):
    """A failure that Stripe keeps for this idempotency key and would only play back."""

    code = "stored_failure"


class Client:
    """Stripe as one connection sees it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def _v1(self) -> Any:
        # The hub retries, limits and records; the SDK must do none of it.
        sdk = stripe.StripeClient(
            self.connection.secret("api_key"),
            stripe_version=API_VERSION,
            http_client=stripe.RequestsClient(
                timeout=TIMEOUT_SECONDS, session=session_for(self.connection)
            ),
            max_network_retries=0,
        )
        return sdk.v1

    # --- Customers ------------------------------------------------------------------------------

    def customer(self, customer: str) -> Json:
        """A deleted one is answered too, with `deleted`. Raises NotFound."""
        return _plain(self._v1.customers.retrieve, customer)

    def customer_create(self, params: Json, *, key: str) -> Json:
        return _plain(self._v1.customers.create, params, {"idempotency_key": key})

    def customers_with_email(self, email: str) -> list[Json]:
        """Newest first; sees what was written a moment ago, which a search does not."""
        return _data(self._v1.customers.list, {"email": email, "limit": ALL_LIMIT})

    # --- Catalogue ------------------------------------------------------------------------------

    def product_create(self, params: Json, *, key: str) -> Json:
        return _plain(self._v1.products.create, params, {"idempotency_key": key})

    def price_create(self, params: Json, *, key: str) -> Json:
        return _plain(self._v1.prices.create, params, {"idempotency_key": key})

    # --- Subscriptions and invoices -------------------------------------------------------------

    def subscription(self, subscription: str) -> Json:
        """With all that MRR needs. Raises NotFound."""
        return _plain(
            self._v1.subscriptions.retrieve, subscription, {"expand": SUBSCRIPTION_EXPAND}
        )

    def subscription_create(self, params: Json, *, key: str) -> Json:
        asked = {**params, "expand": SUBSCRIPTION_EXPAND}
        return _plain(self._v1.subscriptions.create, asked, {"idempotency_key": key})

    def subscriptions_of(self, customer: str) -> list[Json]:
        """Ended ones too, newest first; as far as one page goes."""
        return _data(
            self._v1.subscriptions.list,
            {"customer": customer, "status": "all", "limit": ALL_LIMIT},
        )

    def invoice_failure(self, invoice: str) -> str:
        """The bank's words of the last failed payment of an invoice; empty when there are none."""
        payments = _data(
            self._v1.invoice_payments.list,
            {"invoice": invoice, "limit": 1, "expand": ["data.payment.payment_intent"]},
        )
        for payment in payments:
            intent = payment["payment"].get("payment_intent")
            error = intent.get("last_payment_error") if isinstance(intent, Mapping) else None
            if error:
                return str(error.get("message") or "")
        return ""

    # --- Web-hook endpoints ---------------------------------------------------------------------

    def endpoint(self, endpoint: str) -> Json:
        """Raises NotFound."""
        return _plain(self._v1.webhook_endpoints.retrieve, endpoint)

    def endpoint_create(self, params: Json) -> Json:
        """The only reply that holds the signing secret."""
        return _plain(self._v1.webhook_endpoints.create, params)

    def endpoint_update(self, endpoint: str, params: Json) -> None:
        """Keeps the signing secret; the version stays too, whatever is asked."""
        _plain(self._v1.webhook_endpoints.update, endpoint, params)

    def endpoint_delete(self, endpoint: str) -> None:
        _plain(self._v1.webhook_endpoints.delete, endpoint)

    # --- The connection test --------------------------------------------------------------------

    def account(self) -> Json | None:
        """The account that the key opens; None when a restricted key may not say."""
        try:
            return _plain(self._v1.accounts.retrieve_current)
        except Forbidden:
            return None

    def is_readable(self, collection: str) -> bool:
        """Whether the key may read a collection; raises for any other trouble."""
        try:
            _data(getattr(self._v1, collection).list, {"limit": 1})
        except Forbidden:
            return False
        return True


READ_COLLECTIONS = ("customers", "products", "prices", "subscriptions", "invoices", "events")


def account(connection: Connection) -> AccountInfo:
    """Prove the key, and that it may read what we read. Raises Forbidden naming what is missing."""
    client = Client(connection)
    missing = [name for name in READ_COLLECTIONS if not client.is_readable(name)]
    if missing:
        raise Forbidden(
            f"The key may not read: {', '.join(missing)}. Give it these permissions in Stripe "
            "(Developers, API keys), then test again."
        )
    key = connection.secret("api_key")
    mode = "live mode" if "_live_" in key else "test mode"
    kind = "restricted key" if key.startswith("rk_") else "secret key"
    found = client.account() or {}
    return AccountInfo(
        # Test and live mode of one account are two worlds. A key that may not say is its own name.
        id=f"{found.get('id') or f'key-{key[-4:]}'}:{mode.split()[0]}",
        name=f"{_account_name(found)}, {mode}",
        details={"Mode": mode, "Key": f"{kind} ending in {key[-4:]}", "API version": API_VERSION},
    )


def _account_name(found: Json) -> str:
    dashboard = (found.get("settings") or {}).get("dashboard") or {}
    profile = found.get("business_profile") or {}
    return str(dashboard.get("display_name") or profile.get("name") or "Stripe")


# --- Errors -------------------------------------------------------------------------------------


def error(raised: Exception) -> HubError | None:
    """The SDK's error as one of the hub's; None when it says nothing of a status."""
    if not isinstance(raised, stripe.StripeError) or raised.http_status is None:
        return None
    status = raised.http_status
    headers = {name.lower(): value for name, value in (raised.headers or {}).items()}
    words = _words(raised)
    should_retry = headers.get("stripe-should-retry", "")
    if status == 429:
        return _limited(raised, headers, words)
    if status >= 500:
        is_kept = should_retry == "false" or "idempotent-replayed" in headers
        return (StoredFailure if is_kept else RetryLater)(words, status=status)
    if status == 424 or (should_retry == "true" and status not in (401, 403)):
        return RetryLater(words, status=status)
    if status in (400, 402, 422) or (status == 409 and should_retry == "false"):
        return Refused(words, status=status, reason=_code(raised), param=_param(raised))
    return error_for_status(status, headers, words)


def _limited(raised: stripe.StripeError, headers: Mapping[str, str], words: str) -> HubError:
    if _code(raised) == "lock_timeout":
        return Conflict(words, status=429)
    reason = headers.get("stripe-rate-limited-reason", "")
    return RateLimited(words, after=RATE_WAIT_SECONDS.get(reason, SHORT_WAIT_SECONDS))


def _words(raised: stripe.StripeError) -> str:
    said = raised.user_message or str(raised)
    return f"{said} ({raised.request_id})" if raised.request_id else said


def _code(raised: stripe.StripeError) -> str:
    """Not every error class of the SDK hands its code on."""
    return str(raised.code or (raised.error.code if raised.error else None) or "")


def _param(raised: stripe.StripeError) -> str:
    return str(getattr(raised, "param", None) or "")


def _plain(call: Callable[..., Any], *args: Any) -> Json:
    """A reply as plain data; money stays a text or a whole number."""
    try:
        reply = call(*args)
    except stripe.StripeError as raised:
        known = error(raised)
        if known is None:
            raise
        raise known from raised
    return dict(reply.to_dict(for_json=True))


def _data(call: Callable[..., Any], *args: Any) -> list[Json]:
    return list(_plain(call, *args)["data"])
