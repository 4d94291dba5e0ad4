"""What a person does in HubSpot: add, edit, merge, delete, uninstall, send events again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from integrations.hub.sandbox.fake import Action, Field, SandboxRefusal
from integrations.hubspot.sandbox.announcing import ARRAY, BY_HAND
from integrations.hubspot.sandbox.control_portal import of_the_portal
from integrations.hubspot.sandbox.control_values import (
    KIND,
    SWITCH,
    Bound,
    Run,
    Values,
    found_of,
    is_on,
    kind_given,
    number_of,
    word_of,
)
from integrations.hubspot.sandbox.portal_facts import target_changed

if TYPE_CHECKING:
    from integrations.hubspot.sandbox.server import HubSpotFake

MOST_SEEDED = 100_000


def actions(fake: HubSpotFake) -> Mapping[str, Action]:
    """By name; the control API and the page run the same."""

    def bound(run: Run) -> Callable[[Values], str]:
        return lambda values: fake.by_hand(lambda: run(fake, values))

    return {**_of_records(bound), **_of_events(bound), **of_the_portal(bound)}


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


# --- Records ------------------------------------------------------------------------------------


def create(fake: HubSpotFake, values: Values) -> str:
    kind = kind_given(values)
    row = fake.portal.create(kind, {values.get("property"): values.get("value")}, source=BY_HAND)
    return f"{word_of(kind)} {row['id']} is there."


def edit(fake: HubSpotFake, values: Values) -> str:
    kind, row = found_of(fake.portal, values)
    name = values.get("property", "")
    fake.portal.change(kind, row, {name: values.get("value", "")}, source=BY_HAND)
    return f"{word_of(kind)} {row['id']}: {name} is now {values.get('value', '')!r}."


def delete(fake: HubSpotFake, values: Values) -> str:
    kind, row = found_of(fake.portal, values)
    fake.portal.archive(kind, row, source=BY_HAND)
    return f"{word_of(kind)} {row['id']} is deleted; it can be restored."


def erase(fake: HubSpotFake, values: Values) -> str:
    kind, row = found_of(fake.portal, values)
    fake.portal.erase(kind, row, source=BY_HAND)
    return f"{word_of(kind)} {row['id']} is erased for good."


def restore(fake: HubSpotFake, values: Values) -> str:
    kind = kind_given(values)
    row = fake.portal.find(kind, values.get("id", ""), is_archived=True)
    fake.portal.restore(kind, row, source=BY_HAND)
    return f"{word_of(kind)} {row['id']} is back."


def merge(fake: HubSpotFake, values: Values) -> str:
    kind, row = found_of(fake.portal, values)
    other = fake.portal.find(kind, values.get("other", ""))
    merged = fake.portal.merge(kind, row, other, source=BY_HAND)
    return f"{word_of(kind)} {row['id']} and {other['id']} are {merged['id']} now."


def seed(fake: HubSpotFake, values: Values) -> str:
    kind, count = kind_given(values), number_of(values, "count", MOST_SEEDED)
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
    count = number_of(values, "count", ARRAY)
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
    fake.portal.announcer.shuffles = is_on(values)
    return f"Events are {'shuffled' if is_on(values) else 'in order'}."


def double(fake: HubSpotFake, values: Values) -> str:
    fake.portal.announcer.doubles = is_on(values)
    return f"Every event is sent {'twice' if is_on(values) else 'once'}."


def stale(fake: HubSpotFake, values: Values) -> str:
    fake.portal.announcer.stale = number_of(values, "count", 1000)
    return f"The next {fake.portal.announcer.stale} web-hooks are signed too long ago."
