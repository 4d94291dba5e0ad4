"""What a vendor's status code means for the hub; pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import requests

from integrations.hub.errors import (
    AuthExpired,
    Conflict,
    Forbidden,
    HubError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.redaction import redact

KEPT_WORDS = 500
# Somebody on the way gave up waiting, or lost the answer: what was sent may land all the same.
UNANSWERED = frozenset({408, 502, 504, 520, 524})


def error_for_status(
    status: int, headers: Mapping[str, str] | None = None, message: str = ""
) -> HubError | None:
    """The error a status stands for, None for 2xx; for SDKs that answer with their own types."""
    words = redact(message)[:KEPT_WORDS] or f"The vendor answered {status}."
    after = retry_after_seconds(headers or {})
    if status < 300:
        return None
    if status == 429:
        return RateLimited(words, after=after)
    if status in UNANSWERED:
        return OutcomeUnknown(words, after_seconds=after, status=status)
    if status == 425 or status >= 500:
        return RetryLater(words, after_seconds=after, status=status)
    named: dict[int, type[HubError]] = {
        401: AuthExpired,
        403: Forbidden,
        404: NotFound,
        409: Conflict,
        410: NotFound,
        412: Conflict,
    }
    return named.get(status, Rejected)(words, status=status)


def status_error(response: requests.Response) -> HubError | None:
    """The error of a response, with the vendor's own words as far as they can be found."""
    return error_for_status(response.status_code, response.headers, _words(response))


def raise_for_status(response: requests.Response) -> requests.Response:
    """The response itself when it is 2xx; raises a HubError else."""
    error = status_error(response)
    if error is not None:
        raise error
    return response


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After, given as a number or as a date (judged by the vendor's own Date)."""
    lower = {str(name).lower(): str(value) for name, value in headers.items()}
    value = lower.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        return _seconds_until(value, lower.get("date", ""))


def _seconds_until(value: str, sent: str) -> float | None:
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(sent) if sent else datetime.datetime.now(datetime.UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _words(response: requests.Response) -> str:
    try:
        said = response.json()
    except ValueError:
        return response.text[:KEPT_WORDS] if response.text else ""
    return _message_in(said)


def _message_in(said: object) -> str:
    """The first text under a name vendors use for a message, at most two levels down."""
    if not isinstance(said, dict):
        return str(said)[:KEPT_WORDS]
    for name in ("message", "error_description", "error", "detail", "title", "errors"):
        value = said.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, dict) and isinstance(value.get("message"), str):
            return str(value["message"])
    return str(said)[:KEPT_WORDS]
