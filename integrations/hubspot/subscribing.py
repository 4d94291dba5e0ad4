"""Brings a new or tested connection into shape: its properties, its portal's facts, its web-hooks.

Web-hooks belong to the app. With the app's id and the developer account's key they are set here;
else a person is told what to enter where.
"""

from __future__ import annotations

from collections.abc import Iterable

from integrations.hub.errors import NotFound
from integrations.hub.models import Connection
from integrations.hub.types import Registration
from integrations.hubspot.calls import DOMAIN_SETTING, MARKED_SETTING, client_of
from integrations.hubspot.client.app_hooks import AppHooks, Subscription
from integrations.hubspot.client.transport import ZONE_SETTING
from integrations.hubspot.kinds import KINDS, LINK
from integrations.hubspot.mapping import COMPANY, CONTACT, DEAL
from integrations.hubspot.own_properties import Marked, marks_ensure
from integrations.hubspot.webhooks import TARGET_SETTING, secret_of

APP_ID, DEVELOPER_KEY = "app_id", "developer_key"
ACTS = ("creation", "deletion", "merge", "restore", "associationChange")
MAPPED = {"contacts": CONTACT, "companies": COMPANY, "deals": DEAL}
BY_HAND = (
    "HubSpot tells nothing by web-hook before it is set there: open your app, Webhooks, enter "
    "{url} as target URL, and subscribe to created, deleted, merged, restored, association and "
    "property changes of contacts, companies and deals. Until then we ask every few minutes."
)
UNSIGNED = " Enter the app's client secret here, or its web-hooks are refused."
WEAKER = (
    " The properties nexa_id and nexa_rev could not be made ({why}), so a repeated create may "
    "find no trace of the first try."
)


def ensure(connection: Connection, url: str) -> Registration:
    """What was found and mended; raises what keeps HubSpot from answering at all."""
    details = client_of(connection).account().details
    marked = marks_ensure(connection)
    target = str(connection.settings.get(TARGET_SETTING) or url)
    hooks = hooks_of(connection)
    said = _hooks_ensured(hooks, target) if hooks else BY_HAND.format(url=target)
    return Registration(
        settings={
            ZONE_SETTING: details.get("timeZone", ""),
            DOMAIN_SETTING: details.get("uiDomain", ""),
            MARKED_SETTING: list(marked.kinds),
        },
        note=said + _secret_words(connection) + _marks_words(marked),
    )


def unregister(connection: Connection) -> None:
    """Takes the target away where it is ours; another's stays."""
    hooks = hooks_of(connection)
    if hooks is None or connection.webhook_key not in hooks.target():
        return
    try:
        hooks.target_clear()
    except NotFound:
        return


def hooks_of(connection: Connection) -> AppHooks | None:
    app_id, key = connection.secret(APP_ID), connection.secret(DEVELOPER_KEY)
    return AppHooks(connection, app_id, key) if app_id and key else None


def wanted() -> Iterable[Subscription]:
    """What the first mapping wants to know of at once; other fields come with the next pull."""
    for name, rows in MAPPED.items():
        word = KINDS[name].word
        yield from (Subscription(f"{word}.{act}") for act in ACTS)
        for external in dict.fromkeys(row.external for row in rows):
            if not external.startswith(LINK):
                yield Subscription(f"{word}.propertyChange", external)
    yield Subscription("contact.privacyDeletion")


def _hooks_ensured(hooks: AppHooks, target: str) -> str:
    faults, before = [], hooks.target()
    if before != target:
        hooks.target_set(target)
        faults.append("led elsewhere")
    there = hooks.subscriptions()
    lacking = [one for one in wanted() if one not in there]
    for one in lacking:
        hooks.subscribe(one)
    idle = [there[one][0] for one in wanted() if one in there and not there[one][1]]
    for identifier in idle:
        hooks.switch_on(identifier)
    if lacking or idle:
        faults.append(f"lacked {len(lacking) + len(idle)} subscriptions")
    if not faults:
        return "The web-hook is in place."
    if not before:
        return "The web-hook is set up."
    return f"The web-hook {' and '.join(faults)}; mended."


def _secret_words(connection: Connection) -> str:
    return "" if secret_of(connection) else UNSIGNED


def _marks_words(marked: Marked) -> str:
    return WEAKER.format(why=marked.trouble) if marked.trouble else ""
