"""What a person does in HubSpot: add, edit, merge, delete, uninstall, send events again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from integrations.hub.sandbox.fake import Action, Field, SandboxRefusal
from integrations.hub.sandbox.store import Json
from integrations.hubspot.sandbox import login
from integrations.hubspot.sandbox.announcing import ARRAY, BY_HAND
from integrations.hubspot.sandbox.catalog import KINDS, kind_of
from integrations.hubspot.sandbox.errors import ApiError
from integrations.hubspot.sandbox.portal import Portal
from integrations.hubspot.sandbox.portal_facts import target_changed

if TYPE_CHECKING:
    from integrations.hubspot.sandbox.server import HubSpotFake

Values = Mapping[str, str]
Run = Callable[["HubSpotFake", Values], str]
# Makes of a run what an action calls.
Bound = Callable[[Run], Callable[[Values], str]]
MOST_SEEDED = 100_000
KIND = Field("kind", "Kind", "contacts", tuple((kind, kind) for kind in KINDS))
SWITCH = Field("on", "On", "true", (("true", "on"), ("false", "off")))


def actions(fake: HubSpotFake) -> Mapping[str, Action]:
    """By name; the control API and the page run the same."""

    def bound(run: Run) -> Callable[[Values], str]:
        return lambda values: fake.by_hand(lambda: run(fake, values))

    return {**_of_records(bound), **_of_events(bound), **_of_the_portal(bound)}


def _of_records(bound: Bound) -> dict[str, Action]:
    property_fields = (Field("property", "Property"), Field("value", "Value"))
    return {
        "create": Action("Add a record", bound(create), (KIND, *property_fields), is_general=True),
        "edit": Action(
            "Edit a record", bound(edit), (KIND, Field("id", "Id"), *property_fields), True
        ),
        "delete": Action("Delete", bound(delete)),
        "erase": Action("Erase (privacy)", bound(erase)),
        "restore": Action("Restore", bound(restore)),
        "merge": Action(
            "Merge two records",
            bound(merge),
            (KIND, Field("id", "Stays"), Field("other", "Is merged into it")),
            is_general=True,
        ),
        "seed": Action(
            "Fill with records (no web-hooks)",
            bound(seed),
            (KIND, Field("count", "How many", "1000")),
            is_general=True,
        ),
    }


def _of_events(bound: Bound) -> dict[str, Action]:
    return {
        "resend_events": Action(
            "Send the last events again",
            bound(resend),
            (Field("count", "How many", "10"),),
            is_general=True,
        ),
        "webhook_target": Action(
            "Where web-hooks go", bound(target), (Field("url", "Target URL"),), is_general=True
        ),
        "shuffle_events": Action("Shuffle events", bound(shuffle), (SWITCH,), is_general=True),
        "double_events": Action(
            "Send every event twice", bound(double), (SWITCH,), is_general=True
        ),
        "stale_signatures": Action(
            "Sign the next web-hooks with an old time",
            bound(stale),
            (Field("count", "How many", "1"),),
            is_general=True,
        ),
    }


def _of_the_portal(bound: Bound) -> dict[str, Action]:
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


# --- Records ------------------------------------------------------------------------------------


def create(fake: HubSpotFake, values: Values) -> str:
    kind = _kind(values)
    row = fake.portal.create(kind, {values.get("property"): values.get("value")}, source=BY_HAND)
    return f"{_word(kind)} {row['id']} is there."


def edit(fake: HubSpotFake, values: Values) -> str:
    kind, row = _found(fake.portal, values)
    name = values.get("property", "")
    fake.portal.change(kind, row, {name: values.get("value", "")}, source=BY_HAND)
    return f"{_word(kind)} {row['id']}: {name} is now {values.get('value', '')!r}."


def delete(fake: HubSpotFake, values: Values) -> str:
    kind, row = _found(fake.portal, values)
    fake.portal.archive(kind, row, source=BY_HAND)
    return f"{_word(kind)} {row['id']} is deleted; it can be restored."


def erase(fake: HubSpotFake, values: Values) -> str:
    kind, row = _found(fake.portal, values)
    fake.portal.erase(kind, row, source=BY_HAND)
    return f"{_word(kind)} {row['id']} is erased for good."


def restore(fake: HubSpotFake, values: Values) -> str:
    kind = _kind(values)
    row = fake.portal.find(kind, values.get("id", ""), is_archived=True)
    fake.portal.restore(kind, row, source=BY_HAND)
    return f"{_word(kind)} {row['id']} is back."


def merge(fake: HubSpotFake, values: Values) -> str:
    kind, row = _found(fake.portal, values)
    other = fake.portal.find(kind, values.get("other", ""))
    merged = fake.portal.merge(kind, row, other, source=BY_HAND)
    return f"{_word(kind)} {row['id']} and {other['id']} are {merged['id']} now."


def seed(fake: HubSpotFake, values: Values) -> str:
    kind, count = _kind(values), _number(values, "count", MOST_SEEDED)
    start = len(fake.portal.tables[kind].rows)
    fake.portal.seed(kind, [_sample(kind, start + number) for number in range(count)])
    return f"{count} {kind} were added; no web-hook tells of them."


def _sample(kind: str, number: int) -> dict[str, str]:
    if kind == "contacts":
        return {
            "firstname": f"First{number}",
            "lastname": f"Last{number}",
            "email": f"person{number}@example.test",
            "phone": f"+6140{number:07d}",
            "lifecyclestage": "lead",
        }
    if kind == "companies":
        return {"name": f"Company {number}", "domain": f"company{number}.test"}
    if kind == "deals":
        stage = {"pipeline": "default", "dealstage": "qualifiedtobuy"}
        return {"dealname": f"Deal {number}", "amount": str(100 * (number % 90)), **stage}
    raise SandboxRefusal(f"{kind} cannot be filled in; contacts, companies and deals can.")


# --- Web-hooks ----------------------------------------------------------------------------------


def resend(fake: HubSpotFake, values: Values) -> str:
    announcer = fake.portal.announcer
    count = _number(values, "count", ARRAY)
    events = [*announcer.sent][-count:]
    url = announcer.app()["targetUrl"]
    if not events or not url:
        raise SandboxRefusal("There is no event to send again, or nowhere to send it.")
    announcer.post(url, events)
    return f"{len(events)} events are sent again in one array."


def target(fake: HubSpotFake, values: Values) -> str:
    url = values.get("url", "")
    if not url.startswith(("http://", "https://")):
        raise SandboxRefusal("The address must begin with http:// or https://.")
    announcer = fake.portal.announcer
    announcer.app_save(target_changed(announcer.app(), url))
    return f"Web-hooks go to {url}."


def shuffle(fake: HubSpotFake, values: Values) -> str:
    fake.portal.announcer.shuffles = _is_on(values)
    return f"Events are {'shuffled' if _is_on(values) else 'in order'}."


def double(fake: HubSpotFake, values: Values) -> str:
    fake.portal.announcer.doubles = _is_on(values)
    return f"Every event is sent {'twice' if _is_on(values) else 'once'}."


def stale(fake: HubSpotFake, values: Values) -> str:
    fake.portal.announcer.stale = _number(values, "count", 1000)
    return f"The next {fake.portal.announcer.stale} web-hooks are signed too long ago."


# --- The portal ---------------------------------------------------------------------------------


def search_lag(fake: HubSpotFake, values: Values) -> str:
    seconds = _number(values, "seconds", 3600)
    for table in fake.portal.tables.values():
        table.index.lag_ms = seconds * 1000
    return f"A search sees a change after {seconds} s."


def new_ids(fake: HubSpotFake, values: Values) -> str:
    fake.portal.merges_make_new_ids = _is_on(values)
    return f"A merge {'makes a new id' if _is_on(values) else 'keeps the id'}."


def set_limits(fake: HubSpotFake, values: Values) -> str:
    numbers = fake.allowance.numbers
    if values.get("ten_secondly"):
        numbers.oauth = numbers.private = _number(values, "ten_secondly", 10_000_000)
    if values.get("search"):
        numbers.search = _number(values, "search", 10_000_000)
    if values.get("daily"):
        numbers.daily = _number(values, "daily", 10_000_000)
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


# --- Values -------------------------------------------------------------------------------------


def _found(portal: Portal, values: Values) -> tuple[str, Json]:
    kind = _kind(values)
    try:
        return kind, portal.find(kind, values.get("id", ""))
    except ApiError as error:
        raise SandboxRefusal(f"No {_word(kind).lower()} {values.get('id')!r} is there.") from error


def _kind(values: Values) -> str:
    kind = kind_of(values.get("kind") or "contacts")
    if kind is None:
        raise SandboxRefusal(f"No kind of record is called {values.get('kind')!r}.")
    return kind


def _word(kind: str) -> str:
    return KINDS[kind][1].replace("_", " ").capitalize()


def _number(values: Values, name: str, most: int) -> int:
    text = values.get(name, "")
    if not text.isdecimal() or int(text) > most:
        raise SandboxRefusal(f"{name} must be a whole number up to {most}.")
    return int(text)


def _is_on(values: Values) -> bool:
    return values.get("on", "true") == "true"
