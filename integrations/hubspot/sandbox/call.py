"""One request on its way through an endpoint, and what an endpoint is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from integrations.hub.sandbox.fake import VendorRequest, VendorResponse, json_response
from integrations.hubspot.sandbox.announcing import BY_API
from integrations.hubspot.sandbox.errors import ApiError, invalid
from integrations.hubspot.sandbox.portal import Portal

Json = dict[str, Any]
DATED = r"20\d\d-\d\d"
# Dated paths have the bodies of the legacy ones.
SPELLINGS = tuple(
    (re.compile(pattern), legacy)
    for pattern, legacy in (
        (rf"^/crm/objects/{DATED}/([^/]+/[^/]+/associations/)", r"/crm/v4/objects/\1"),
        (rf"^/crm/associations/{DATED}", "/crm/v4/associations"),
        (rf"^/crm/(objects|owners|pipelines|properties)/{DATED}", r"/crm/v3/\1"),
        (rf"^/account-info/{DATED}", "/account-info/v3"),
        (rf"^/webhooks/{DATED}", "/webhooks/v3"),
        (r"^/oauth/v3", "/oauth/2026-03"),
        (r"^(/crm/v3/owners)/$", r"\1"),
    )
)


@dataclass(frozen=True)
class Call:
    """The portal, the request, and what the path names."""

    portal: Portal
    request: VendorRequest
    named: Mapping[str, str]

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.query, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.body.decode(errors="replace")))

    @cached_property
    def body(self) -> Any:
        """The JSON that was sent; raises 400 and 415."""
        kind = self.request.headers.get("content-type", "")
        if "json" not in kind:
            raise ApiError(415, "Unsupported Media Type: send application/json")
        try:
            return json.loads(self.request.body)
        except ValueError as error:
            raise invalid(str(error)) from error

    @property
    def source(self) -> str:
        return BY_API

    def part(self, name: str) -> str:
        return unquote(self.named[name])

    def listed(self, name: str) -> list[str]:
        return [part for part in self.query.get(name, "").split(",") if part]

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")

    def number(self, name: str, default: int, most: int) -> int:
        text = self.query.get(name) or str(default)
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise invalid(f"{name} must be a number from 1 to {most}, not {text!r}")
        return int(text)

    def start(self) -> int:
        text = self.query.get("after") or "0"
        if not text.isdecimal():
            raise invalid(f"after is no cursor of ours: {text!r}")
        return int(text)


Run = Callable[[Call], Json | list[Json] | None]


@dataclass(frozen=True)
class Endpoint:
    """`path` has `{names}`; `scope` has `{kind}` and `{access}` where it hangs on the record."""

    method: str
    path: str
    run: Run
    status: int = 200
    is_write: bool = False
    is_open: bool = False
    scope: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))

    def match(self, method: str, path: str) -> re.Match[str] | None:
        return self.pattern.fullmatch(path) if method == self.method else None

    def answer(self, call: Call) -> VendorResponse:
        said = self.run(call)
        if said is None:
            return VendorResponse(204)
        has_errors = isinstance(said, dict) and said.get("numErrors")
        return json_response(207 if has_errors else self.status, said)


def legacy_path(path: str) -> str:
    """The path as version 3 or 4 would have it."""
    for pattern, legacy in SPELLINGS:
        path = pattern.sub(legacy, path)
    return path
