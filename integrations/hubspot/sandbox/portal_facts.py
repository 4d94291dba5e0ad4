"""What a portal says of itself: account, owners, properties, pipelines, the app's web-hooks."""

from __future__ import annotations

from typing import Any

from integrations.hubspot.sandbox import catalog, first_day, shapes
from integrations.hubspot.sandbox.call import Call, Endpoint
from integrations.hubspot.sandbox.errors import ApiError, invalid, not_found, unauthorized
from integrations.hubspot.sandbox.moments import iso, now_ms

Json = dict[str, Any]
TIME_ZONE = "Australia/Sydney"
HOOKS = "/webhooks/v3/{app}"
PROPERTIES, SCHEMA_SCOPE = "/crm/v3/properties/{kind}", "crm.schemas.{kind}.{access}"
PROPERTIES_BATCH = 100


def account(call: Call) -> Json:
    return {
        "portalId": catalog.PORTAL_ID,
        "accountType": "STANDARD",
        "timeZone": TIME_ZONE,
        "companyCurrency": "AUD",
        "additionalCurrencies": ["USD"],
        "utcOffset": "+10:00",
        "utcOffsetMilliseconds": 36_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


def owners(call: Call) -> Json:
    """By place in the list; archived ones by themselves."""
    email = call.query.get("email", "").lower()
    rows = [row for row in first_day.owners() if row["archived"] == call.flag("archived")]
    rows = [row for row in rows if not email or row.get("email") == email]
    start, limit = call.start(), call.number("limit", 100, 500)
    following = start + limit if len(rows) > start + limit else None
    return shapes.page(call, rows[start : start + limit], following)


def properties(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    return {"results": [] if call.flag("archived") else call.portal.definitions(kind)}


def property_read(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    for row in call.portal.definitions(kind):
        if row["name"] == call.part("name"):
            return row
    raise not_found()


def property_create(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    return call.portal.property_make(kind, call.body)


def properties_create(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    inputs = call.body.get("inputs") if isinstance(call.body, dict) else None
    if not isinstance(inputs, list) or not 1 <= len(inputs) <= PROPERTIES_BATCH:
        raise invalid(f"inputs must be an array of 1 to {PROPERTIES_BATCH} properties")
    results, errors = [], []
    for given in inputs:
        try:
            results.append(call.portal.property_make(kind, given))
        except ApiError as error:
            name = str(given.get("name", "")) if isinstance(given, dict) else ""
            errors.append(error.as_row({"name": [name]}))
    return shapes.batch(results, errors)


def pipelines(call: Call) -> Json:
    kind, _ = call.portal.table(call.part("kind"))
    return {"results": first_day.pipelines(kind)}


# --- The app's web-hooks ------------------------------------------------------------------------


def hook_settings(call: Call) -> Json:
    app = _app(call)
    if not app["targetUrl"]:
        raise not_found()
    return {name: app[name] for name in ("targetUrl", "throttling", "createdAt", "updatedAt")}


def hook_settings_put(call: Call) -> Json:
    app, body = _app(call), call.body
    target = str(body.get("targetUrl") or "")
    throttling = body.get("throttling") or {}
    if not target.startswith(("http://", "https://")):
        raise invalid("targetUrl must be an https address")
    if not isinstance(throttling.get("maxConcurrentRequests"), int):
        raise invalid("throttling.maxConcurrentRequests must be a number")
    call.portal.announcer.app_save(target_changed(app, target, throttling))
    return hook_settings(call)


def hook_settings_delete(call: Call) -> None:
    call.portal.announcer.app_save({**_app(call), "targetUrl": ""})


def target_changed(app: Json, target: str, throttling: Json | None = None) -> Json:
    now = iso(now_ms())
    app = {"createdAt": now, "throttling": {"maxConcurrentRequests": 10}, **app}
    return app | {
        "targetUrl": target,
        "updatedAt": now,
        "throttling": throttling or app["throttling"],
    }


def subscriptions(call: Call) -> Json:
    return {"results": _app(call)["subscriptions"]}


def subscription_create(call: Call) -> Json:
    app, body = _app(call), call.body
    kind = str(body.get("eventType") or "")
    name = body.get("propertyName")
    if "." not in kind or (kind.endswith(".propertyChange") and not name):
        raise invalid("eventType and, for a property change, propertyName are needed")
    rows = app["subscriptions"]
    if any((row["eventType"], row.get("propertyName")) == (kind, name) for row in rows):
        raise ApiError(400, "The subscription exists already.")
    number = max((int(row["id"]) for row in rows), default=200) + 1
    made: Json = {
        "id": str(number),
        "eventType": kind,
        "active": bool(body.get("active")),
        "createdAt": iso(now_ms()),
    }
    made |= {"propertyName": name} if name else {}
    call.portal.announcer.app_save({**app, "subscriptions": [*rows, made]})
    return made


def subscription_change(call: Call) -> Json:
    app, is_active = _app(call), bool(call.body.get("active"))
    rows = [
        {**row, "active": is_active} if row["id"] == call.part("id") else row
        for row in app["subscriptions"]
    ]
    call.portal.announcer.app_save({**app, "subscriptions": rows})
    return next((row for row in rows if row["id"] == call.part("id")), None) or _absent()


def subscription_delete(call: Call) -> None:
    app = _app(call)
    rows = [row for row in app["subscriptions"] if row["id"] != call.part("id")]
    call.portal.announcer.app_save({**app, "subscriptions": rows})


def _absent() -> Json:
    raise not_found()


def _app(call: Call) -> Json:
    """Raises 401 without the developer account's key, 404 for another app."""
    if call.query.get("hapikey") != catalog.DEVELOPER_KEY:
        raise unauthorized()
    if call.part("app") != str(catalog.APP_ID):
        raise not_found()
    return call.portal.announcer.app()


ENDPOINTS = [
    Endpoint("GET", "/account-info/v3/details", account),
    Endpoint("GET", "/crm/v3/owners", owners, scope="crm.objects.owners.read"),
    Endpoint("GET", PROPERTIES, properties, scope=SCHEMA_SCOPE),
    Endpoint("POST", PROPERTIES, property_create, 201, is_write=True, scope=SCHEMA_SCOPE),
    Endpoint(
        "POST",
        f"{PROPERTIES}/batch/create",
        properties_create,
        201,
        is_write=True,
        scope=SCHEMA_SCOPE,
    ),
    Endpoint("GET", f"{PROPERTIES}/{{name}}", property_read, scope=SCHEMA_SCOPE),
    Endpoint("GET", "/crm/v3/pipelines/{kind}", pipelines, scope="crm.objects.{kind}.{access}"),
    Endpoint("GET", f"{HOOKS}/settings", hook_settings, is_open=True),
    Endpoint("PUT", f"{HOOKS}/settings", hook_settings_put, is_open=True),
    Endpoint("DELETE", f"{HOOKS}/settings", hook_settings_delete, is_open=True),
    Endpoint("GET", f"{HOOKS}/subscriptions", subscriptions, is_open=True),
    Endpoint("POST", f"{HOOKS}/subscriptions", subscription_create, 201, is_open=True),
    Endpoint("PATCH", f"{HOOKS}/subscriptions/{{id}}", subscription_change, is_open=True),
    Endpoint("DELETE", f"{HOOKS}/subscriptions/{{id}}", subscription_delete, is_open=True),
]
