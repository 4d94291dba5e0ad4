"""Stripe's own ways to misbehave; the frame knows slowness and lost connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integrations.hub.sandbox.fake import FaultKind, VendorRequest, VendorResponse
from integrations.stripe.sandbox.books import FIRST_WORD, account_id
from integrations.stripe.sandbox.errors import ApiError, card_declined
from integrations.stripe.sandbox.idempotency import HEADER
from integrations.stripe.sandbox.identifiers import random_text
from integrations.stripe.sandbox.replies import error_response

if TYPE_CHECKING:
    from integrations.stripe.sandbox.server import StripeFake


def kinds(fake: StripeFake) -> Mapping[str, FaultKind]:
    return {
        "rate_limited": FaultKind("429 too many requests (value: reason)", rate_limited),
        "lock_timeout": FaultKind("429 another request holds the object", lock_timeout),
        "server_error": FaultKind("500, nothing done, not kept for the key", server_error),
        "server_error_kept": FaultKind(
            "500 kept for the idempotency key (value “done”: after the work)",
            lambda request, value: server_error_kept(fake, request, value),
        ),
        "card_declined": FaultKind("402 card refused (value: decline code)", declined),
        "missing_permission": FaultKind("403 key lacks a permission (value: its name)", forbidden),
        "key_in_use": FaultKind("409 idempotency key in use", key_in_use),
        "unauthorized": FaultKind("401 key refused", unauthorized),
    }


def rate_limited(_: VendorRequest, value: str) -> VendorResponse:
    return _response(
        ApiError(
            429,
            "Request rate limit exceeded. You can learn more about rate limits here "
            "https://stripe.com/docs/rate-limits.",
            code="rate_limit",
            headers={"Stripe-Rate-Limited-Reason": value or "global-rate"},
        )
    )


def lock_timeout(_: VendorRequest, __: str) -> VendorResponse:
    message = "This object cannot be accessed right now because another API request holds it."
    return _response(
        ApiError(429, message, code="lock_timeout", headers={"Stripe-Should-Retry": "true"})
    )


def server_error(_: VendorRequest, __: str) -> VendorResponse:
    return _response(_sorry())


def server_error_kept(fake: StripeFake, request: VendorRequest, value: str) -> VendorResponse:
    """The reply that the key plays back for a day, whatever was done."""
    if value == "done":
        fake.answer(request)
    response = _response(_sorry({"Stripe-Should-Retry": "false"}))
    if request.headers.get(HEADER):
        fake.keys.keep(request, response)
    return response


def declined(_: VendorRequest, value: str) -> VendorResponse:
    return _response(card_declined(value or "generic_decline", "Your card was declined.", {}))


def forbidden(_: VendorRequest, value: str) -> VendorResponse:
    name = value or "rak_customer_read"
    return _response(
        ApiError(
            403,
            f"The provided key 'rk_test_***' does not have the required permissions for this "
            f"endpoint on account '{account_id(FIRST_WORD)}'. Having the '{name}' permission would "
            "allow this request to continue.",
        )
    )


def key_in_use(_: VendorRequest, __: str) -> VendorResponse:
    return _response(
        ApiError(
            409,
            "There is currently another in-progress request using this Idempotency Key.",
            kind="idempotency_error",
            code="idempotency_key_in_use",
        )
    )


def unauthorized(_: VendorRequest, __: str) -> VendorResponse:
    return _response(ApiError(401, "Invalid API Key provided: sk_test_****"))


def _sorry(headers: Mapping[str, str] | None = None) -> ApiError:
    message = "Sorry! There was an error while talking to one of our backends."
    return ApiError(500, message, kind="api_error", headers=headers)


def _response(error: ApiError) -> VendorResponse:
    made = error_response(error)
    headers = {**made.headers, "Request-Id": f"req_{random_text(14)}"}
    return VendorResponse(made.status, made.body, headers)
