"""The control API: what the forms of the control pages post, and what tests ask as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import quote, urlsplit

from werkzeug.wrappers import Request, Response

from integrations.hub.sandbox.fake import SandboxRefusal, json_response
from integrations.hub.sandbox.vendor import Vendor

Values = Mapping[str, str]
MAX_COUNT = 1000


def respond(vendors: Mapping[str, Vendor], request: Request) -> Response:
    """/_control/<provider>/<door>[/<name>]: GET reads, POST and DELETE change."""
    _, _, provider, door, name = [*request.path.split("/"), "", "", ""][:5]
    vendor = vendors.get(provider)
    if vendor is None:
        return _json(404, {"error": f"No vendor is called {provider!r}."})
    if request.method == "GET":
        return _read(vendor, door, name)
    if _is_foreign(request):
        return _json(403, {"error": "This form was sent from another site."})
    change = CHANGES.get((request.method, door))
    if change is None:
        return _json(404, {"error": f"No such door: {request.method} {request.path}"})
    return _change(vendor, request, change, name)


def _read(vendor: Vendor, door: str, name: str) -> Response:
    if door == "":
        return _json(200, {"actions": [*vendor.fake.actions], "faults": sorted(_kinds(vendor))})
    if door == "deliveries":
        return _json(200, vendor.deliverer.log(vendor.app.id))
    if door == "requests":
        return _json(200, [asdict(seen) for seen in vendor.requests])
    if door == "faults":
        return _json(200, [asdict(rule) for rule in vendor.misbehaviour.rules()])
    if door == "rows" and name and not name.startswith("_"):
        return _json(200, list(vendor.collection(name).newest_first()))
    return _json(404, {"error": f"No such door: {door}/{name}"})


def _change(
    vendor: Vendor, request: Request, change: Callable[[Vendor, str, Values], str], name: str
) -> Response:
    values, wants_page = _values(request)
    try:
        said, status = change(vendor, name, values), 200
    except SandboxRefusal as refusal:
        said, status = str(refusal), 409
    if wants_page:
        return Response(
            status=303, headers={"Location": f"/{vendor.app.id}/?said={quote(said[:300])}"}
        )
    return _json(status, {"said" if status == 200 else "error": said})


# --- Changes ------------------------------------------------------------------------------------


def action_run(vendor: Vendor, name: str, values: Values) -> str:
    action = vendor.fake.actions.get(name)
    if action is None:
        raise SandboxRefusal(f"No action is called {name!r}.")
    return action.run(values)


def fault_add(vendor: Vendor, _: str, values: Values) -> str:
    times = values.get("times", "1")
    rule = vendor.misbehaviour.add(
        values.get("kind", ""),
        method=values.get("method", ""),
        path=values.get("path", ""),
        value=values.get("value", ""),
        skip=_count(values.get("skip", "0")),
        times=_count(times) if times else None,
    )
    return f"Misbehaviour {rule.id} is on: {rule.kind}."


def fault_clear(vendor: Vendor, _: str, values: Values) -> str:
    return f"{vendor.misbehaviour.clear()} misbehaviours cleared."


def webhooks_switch(vendor: Vendor, name: str, values: Values) -> str:
    switches = vendor.deliverer.switches(vendor.app.id)
    if name == "hold":
        switches.hold = True
        return "Web-hooks are held until they are released."
    if name in ("release", "release_backwards"):
        sent = vendor.deliverer.release(vendor.app.id, backwards=name == "release_backwards")
        return f"{sent} held web-hooks released."
    if name == "drop":
        switches.drop = _count(values.get("count", "1"))
        return f"The next {switches.drop} web-hooks are dropped."
    if name == "duplicate":
        switches.duplicate = _count(values.get("count", "1"))
        return f"The next {switches.duplicate} web-hooks are sent twice."
    raise SandboxRefusal(f"No switch is called {name!r}.")


def vendor_reset(vendor: Vendor, _: str, values: Values) -> str:
    vendor.reset()
    return f"{vendor.app.name} is empty again."


CHANGES: dict[tuple[str, str], Callable[[Vendor, str, Values], str]] = {
    ("POST", "actions"): action_run,
    ("POST", "faults"): fault_add,
    ("DELETE", "faults"): fault_clear,
    ("POST", "clear"): fault_clear,
    ("POST", "webhooks"): webhooks_switch,
    ("POST", "reset"): vendor_reset,
}


# --- Reading a request --------------------------------------------------------------------------


def _values(request: Request) -> tuple[Values, bool]:
    """The posted values, and whether a browser's form sent them."""
    if request.mimetype == "application/json":
        content = request.get_json(silent=True)
        pairs = content.items() if isinstance(content, dict) else ()
        return {str(k): "" if v is None else str(v) for k, v in pairs}, False
    return request.form.to_dict(), request.mimetype == "application/x-www-form-urlencoded"


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_COUNT:
        raise SandboxRefusal(f"{text!r} is not a whole number up to {MAX_COUNT}.")
    return int(text)


def _is_foreign(request: Request) -> bool:
    origin = request.headers.get("Origin")
    return bool(origin) and urlsplit(str(origin)).netloc != request.host


def _kinds(vendor: Vendor) -> frozenset[str]:
    return vendor.misbehaviour.kinds


def _json(status: int, content: Any) -> Response:
    made = json_response(status, content)
    return Response(made.body, made.status, dict(made.headers))
