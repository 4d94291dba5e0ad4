"""HubSpot's refusals as the hub's errors: what kind, how long to wait, which record is in the way.

https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import requests

from integrations.hub.errors import (
    AuthExpired,
    Exists,
    Forbidden,
    HubError,
    NotFound,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.http import error_for_status
from integrations.hub.http.status import retry_after_seconds
from integrations.hub.redaction import redact

SECONDLY, TEN_SECONDLY, DAILY = "SECONDLY", "TEN_SECONDLY_ROLLING", "DAILY"
WAIT_SECONDS = {SECONDLY: 1.0, TEN_SECONDLY: 10.0}
UNNAMED_WAIT_SECONDS = 10.0
LOCKED, MIGRATING = 423, 477
LOCKED_SECONDS = 2.0
# A portal that moves to another data centre is away for up to a day.
MIGRATION_SECONDS = 3600.0
LONGEST_MIGRATION_SECONDS = 86_400.0
KEPT_WORDS = 500
NOT_TAKEN: Final = (
    "HubSpot does not take this token or key (any more): copy the present one there, and enter it "
    "on the connection's page."
)
EXISTING_ID = re.compile(r"Existing ID: ?(\d+)")
EXPIRED = "EXPIRED_AUTHENTICATION"


class TokenExpired(AuthExpired):
    """The access token is over its half hour; a refresh mends it."""


class MissingScopes(Forbidden):
    """The app was not granted what the call needs; `scopes` are those named, if any."""

    def __init__(self, message: str, *, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(message, status=403)
        self.scopes = scopes


class ExistsAlready(Exists):
    """A record with the same unique value is there; `existing_id` is empty when it is not named."""

    @property
    def existing_id(self) -> str:
        return self.external_id


class Refused(Rejected):
    """HubSpot refuses what was sent; `category` says why, `fields` which properties."""

    def __init__(
        self, message: str, *, status: int, category: str = "", fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, status=status)
        self.category = category
        self.fields = fields


def error_of(response: requests.Response, time_zone: str = "") -> HubError | None:
    """The error a reply stands for, None for 2xx; `time_zone` is the portal's, for daily limits."""
    status = response.status_code
    if status < 300:
        return None
    said = _said(response)
    words = _words(said) or f"HubSpot answered {status}."
    category = str(said.get("category") or "")
    if status == 429:
        return RateLimited(words, after=_wait_seconds(said, response.headers, time_zone))
    if status == LOCKED:
        after = max(LOCKED_SECONDS, retry_after_seconds(response.headers) or 0)
        return RetryLater(words, after_seconds=after, status=status)
    if status == MIGRATING:
        after = retry_after_seconds(response.headers) or MIGRATION_SECONDS
        after = min(after, LONGEST_MIGRATION_SECONDS)
        return RetryLater(words, after_seconds=after, status=status)
    return _refusal(status, category, said, words) or error_for_status(
        status, response.headers, words
    )


def _refusal(status: int, category: str, said: Mapping[str, Any], words: str) -> HubError | None:
    if status == 401:
        if category == EXPIRED:
            return TokenExpired(words, status=status)
        return AuthExpired(f"{NOT_TAKEN} {_quoted(words)}", status=status)
    if status == 403:
        scopes = _scopes(said)
        return MissingScopes(f"{_lacking(scopes)} {_quoted(words)}", scopes=scopes)
    if status == 404:
        return NotFound(words, status=status)
    if status == 409:
        return ExistsAlready(words, external_id=existing_id_in(words))
    if 400 <= status < 500 and status not in (408, 425):
        return Refused(words, status=status, category=category, fields=_fields(said))
    return None


def _lacking(scopes: Sequence[str]) -> str:
    """What the app may not do, and where that is mended."""
    if not scopes:
        return "HubSpot refuses this call: add the scopes that it needs to the app in HubSpot."
    named = ", ".join(scopes)
    thing = "it" if len(scopes) == 1 else "them"
    return (
        f"HubSpot has not granted {named}. Add {thing} to the app in HubSpot, under Scopes; then "
        "test the connection here, or connect again if you signed in at HubSpot. Try again what is "
        "not sent by itself then."
    )


def _quoted(words: str) -> str:
    return f"HubSpot said: {words}"


def existing_id_in(message: str) -> str:
    """The id in “Contact already exists. Existing ID: 1551”, empty when there is none."""
    found = EXISTING_ID.search(message)
    return found.group(1) if found else ""


def seconds_to_midnight(time_zone: str, now: datetime.datetime | None = None) -> float:
    """Until the portal's next day begins, when daily limits start anew; an unknown zone is UTC."""
    try:
        zone: datetime.tzinfo = ZoneInfo(time_zone) if time_zone else datetime.UTC
    except (ZoneInfoNotFoundError, ValueError):
        zone = datetime.UTC
    here = (now or datetime.datetime.now(datetime.UTC)).astimezone(zone)
    tomorrow = datetime.datetime.combine(
        here.date() + datetime.timedelta(days=1), datetime.time(), tzinfo=zone
    )
    return tomorrow.timestamp() - here.timestamp()


def _wait_seconds(said: Mapping[str, Any], headers: Mapping[str, str], time_zone: str) -> float:
    policy = str(said.get("policyName") or "").upper()
    if policy == DAILY:
        return seconds_to_midnight(time_zone)
    # Retry-After is sent seldom and is never shorter than the window.
    named = WAIT_SECONDS.get(policy, UNNAMED_WAIT_SECONDS)
    return max(named, retry_after_seconds(headers) or 0)


# --- Reading the body ---------------------------------------------------------------------------


def _said(response: requests.Response) -> dict[str, Any]:
    try:
        said = response.json()
    except ValueError:
        return {"message": response.text[:KEPT_WORDS]} if response.text else {}
    return said if isinstance(said, dict) else {}


def _words(said: Mapping[str, Any]) -> str:
    """The vendor's own words, with those about single properties and the number for support."""
    first = said.get("message") or said.get("error_description") or said.get("error") or ""
    more = [str(found["message"]) for found in _details(said) if found.get("message")]
    parts = [str(first), *(text for text in more if text not in str(first))]
    words = redact(" ".join(part for part in parts if part))[:KEPT_WORDS]
    correlation = said.get("correlationId")
    return f"{words} ({correlation})" if words and correlation else words


def _details(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    details = said.get("errors")
    if not isinstance(details, list):
        return []
    return [found for found in details if isinstance(found, dict)]


def _named_in(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    contexts = [said.get("context"), *(found.get("context") for found in _details(said))]
    named = [
        str(value)
        for context in contexts
        if isinstance(context, dict)
        for value in context.get(name) or ()
    ]
    return tuple(dict.fromkeys(named))


def _fields(said: Mapping[str, Any]) -> tuple[str, ...]:
    return _named_in(said, "propertyName")


def _scopes(said: Mapping[str, Any]) -> tuple[str, ...]:
    return _named_in(said, "requiredGranularScopes") or _named_in(said, "requiredScopes")
