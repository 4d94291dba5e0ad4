"""The control pages: what a vendor's own dashboard would show, as plain HTML forms."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.template import Context, Engine
from werkzeug.wrappers import Request, Response

from integrations.hub.sandbox.misbehaviour import COMMON_KINDS
from integrations.hub.sandbox.vendor import Vendor

HERE = Path(__file__).resolve().parent
SHOWN = 50
NONE = "-"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
engine = Engine(dirs=[str(HERE / "templates")], autoescape=True)


def respond(vendors: Mapping[str, Vendor], request: Request, vendor: Vendor | None) -> Response:
    if request.path == "/_assets/sandbox.css":
        return _asset("sandbox.css", "text/css")
    if request.method not in ("GET", "HEAD"):
        return _page("missing.html", {"title": "Method not allowed"}, status=405)
    if vendor is not None:
        return _page("vendor.html", vendor_context(vendor, request.args.get("said", "")))
    if request.path == "/":
        return _page("overview.html", {"vendors": [overview(v) for v in vendors.values()]})
    return _page("missing.html", {"title": "Page not found"}, status=404)


def overview(vendor: Vendor) -> dict[str, Any]:
    return {"app": vendor.app, "tables": vendor.fake.tables(), "requests": len(vendor.requests)}


def vendor_context(vendor: Vendor, said: str) -> dict[str, Any]:
    kinds = {**COMMON_KINDS, **{k: v.label for k, v in vendor.fake.faults.items()}}
    return {
        "app": vendor.app,
        "said": said[:300],
        "tables": vendor.fake.tables(),
        "forms": [(name, a) for name, a in vendor.fake.actions.items() if a.is_general],
        "kinds": kinds.items(),
        "rules": vendor.misbehaviour.rules(),
        "switches": vendor.deliverer.switches(vendor.app.id),
        "deliveries": [_delivery(row) for row in vendor.deliverer.log(vendor.app.id, SHOWN)],
        "requests": [_request(seen) for seen in [*vendor.requests][: -SHOWN - 1 : -1]],
    }


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    last = row["attempts"][-1] if row["attempts"] else {}
    result = last.get("status") or last.get("error") or NONE
    return {**row, "tries": len(row["attempts"]), "result": result, "at": moment(last.get("at"))}


def _request(seen: Any) -> dict[str, Any]:
    return {
        "at": moment(seen.at),
        "call": f"{seen.method} {seen.path}",
        "status": seen.status or "no reply",
        "fault": seen.fault,
    }


def moment(seconds: int | None) -> str:
    if not seconds:
        return NONE
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _page(name: str, context: dict[str, Any], status: int = 200) -> Response:
    text = engine.get_template(f"sandbox/{name}").render(Context(context))
    return Response(text, status, {"Content-Type": "text/html; charset=utf-8", **HEADERS})


def _asset(name: str, kind: str) -> Response:
    return Response((HERE / "assets" / name).read_bytes(), 200, {**HEADERS, "Content-Type": kind})
