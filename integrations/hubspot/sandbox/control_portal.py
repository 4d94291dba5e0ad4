"""What the control page sets of the portal itself: limits, switches, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.hub.sandbox.fake import Action, Field, SandboxRefusal
from integrations.hubspot.sandbox import login
from integrations.hubspot.sandbox.announcing import BY_HAND
from integrations.hubspot.sandbox.catalog import SEARCH_CAP, kind_of
from integrations.hubspot.sandbox.control_values import (
    KIND,
    SWITCH,
    Bound,
    Values,
    found_of,
    is_on,
    number_of,
    word_of,
)
from integrations.hubspot.sandbox.links import DEFINED, LINK_TYPES
from integrations.hubspot.sandbox.moments import now_ms

if TYPE_CHECKING:
    from integrations.hubspot.sandbox.server import HubSpotFake


def of_the_portal(bound: Bound) -> dict[str, Action]:
    return {
        "search_lag": Action(
            "Seconds until a search sees a change",
            bound(search_lag),
            (Field("seconds", "Seconds", "5"),),
            is_general=True,
        ),
        "merges_make_new_ids": Action(
            "Merged records get a new id", bound(new_ids), (SWITCH,), is_general=True
        ),
        "search_cap": Action(
            "Rows that one search gives at most",
            bound(search_cap),
            (Field("count", "Rows", "10000"),),
            is_general=True,
        ),
        "freeze_time": Action(
            "All changes from now on have one time", bound(freeze), (SWITCH,), is_general=True
        ),
        "whole_batches": Action(
            "One wrong row refuses its whole batch", bound(whole), (SWITCH,), is_general=True
        ),
        "link": Action(
            "Link two records",
            bound(link),
            (
                KIND,
                Field("id", "Id"),
                Field("to", "Other kind", "companies"),
                Field("other", "Id of the other"),
            ),
            is_general=True,
        ),
        "set_limits": Action(
            "Rate limits",
            bound(set_limits),
            (
                Field("ten_secondly", "Calls in 10 s", "110"),
                Field("search", "Searches a second", "5"),
                Field("daily", "Calls a day (private app)", "250000"),
            ),
            is_general=True,
        ),
        "expire_tokens": Action("Let access tokens expire", bound(expire), is_general=True),
        "uninstall": Action("Uninstall the app", bound(uninstall), is_general=True),
        "revoke_private_token": Action(
            "Rotate a private app's token away",
            bound(private_revoke),
            (Field("token", "Token"),),
            is_general=True,
        ),
    }


def search_lag(fake: HubSpotFake, values: Values) -> str:
    seconds = number_of(values, "seconds", 3600)
    for table in fake.portal.tables.values():
        table.index.lag_ms = seconds * 1000
    return f"A search sees a change after {seconds} s."


def new_ids(fake: HubSpotFake, values: Values) -> str:
    fake.portal.switches.merges_make_new_ids = is_on(values)
    return f"A merge {'makes a new id' if is_on(values) else 'keeps the id'}."


def search_cap(fake: HubSpotFake, values: Values) -> str:
    fake.portal.switches.search_cap = number_of(values, "count", SEARCH_CAP)
    return f"A search gives {fake.portal.switches.search_cap} rows at most."


def freeze(fake: HubSpotFake, values: Values) -> str:
    fake.portal.switches.frozen_at = now_ms() if is_on(values) else None
    return f"Time {'stands still' if is_on(values) else 'goes on'}."


def whole(fake: HubSpotFake, values: Values) -> str:
    fake.portal.switches.refuses_whole_batches = is_on(values)
    return f"A wrong row refuses {'its whole batch' if is_on(values) else 'itself'}."


def link(fake: HubSpotFake, values: Values) -> str:
    """As the page does: a company becomes the primary one."""
    kind, row = found_of(fake.portal, values)
    to = kind_of(values.get("to", ""))
    types = LINK_TYPES.get((kind, to or ""))
    if to is None or types is None:
        raise SandboxRefusal(f"{kind} cannot be linked to {values.get('to')!r}.")
    other = fake.portal.find(to, values.get("other", ""))
    start, end = (kind, row["id"]), (to, other["id"])
    fake.portal.links.add(start, end, [(DEFINED, number) for number, _ in types])
    fake.portal.announcer.linked(start, end, source=BY_HAND)
    return f"{word_of(kind)} {row['id']} and {word_of(to).lower()} {other['id']} are linked."


def set_limits(fake: HubSpotFake, values: Values) -> str:
    numbers = fake.allowance.numbers
    if values.get("ten_secondly"):
        numbers.oauth = numbers.private = number_of(values, "ten_secondly", 10_000_000)
    if values.get("search"):
        numbers.search = number_of(values, "search", 10_000_000)
    if values.get("daily"):
        numbers.daily = number_of(values, "daily", 10_000_000)
    return f"{numbers.oauth} calls in 10 s, {numbers.search} searches a second."


def expire(fake: HubSpotFake, _: Values) -> str:
    return f"{login.tokens_expire(fake.vendor)} access tokens are expired."


def uninstall(fake: HubSpotFake, _: Values) -> str:
    return f"{login.grants_revoke(fake.vendor)} grants are revoked."


def private_revoke(fake: HubSpotFake, values: Values) -> str:
    token = values.get("token", "")
    if not token.startswith(login.PRIVATE_APP):
        raise SandboxRefusal(f"A private app's token begins with {login.PRIVATE_APP}.")
    login.private_revoke(fake.vendor, token)
    return "The token is refused from now on."
