"""Writes each exchange as one JSON line, with secrets taken out."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integrations.hub.sandbox.fake import VendorRequest, VendorResponse

REDACTED = "[redacted]"
SECRET_HEADER = re.compile(r"authorization|cookie|token|secret|api-?key|signature", re.IGNORECASE)


class Recorder:
    """Appends to a file that several processes may share."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)

    def write(
        self,
        provider: str,
        request: VendorRequest,
        response: VendorResponse | None,
        *,
        secret_fields: frozenset[str],
    ) -> None:
        """`response` is None when the reply never reached the client."""
        line = json.dumps(
            exchange(provider, request, response, secret_fields=secret_fields), ensure_ascii=False
        )
        with self.file.open("a", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.write(line + "\n")


def exchange(
    provider: str,
    request: VendorRequest,
    response: VendorResponse | None,
    *,
    secret_fields: frozenset[str],
) -> dict[str, Any]:
    asked = {
        "method": request.method,
        "path": request.path,
        "query": redacted_form(request.query, secret_fields),
        "headers": redacted_headers(request.headers),
        "body": redacted_body(request.body, request.headers, secret_fields),
    }
    if response is None:
        return {"provider": provider, "request": asked, "response": None}
    answered = {
        "status": response.status,
        "headers": redacted_headers(response.headers),
        "body": redacted_body(response.body, response.headers, secret_fields),
    }
    return {"provider": provider, "request": asked, "response": answered}


def redacted_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: REDACTED if SECRET_HEADER.search(name) else value for name, value in headers.items()
    }


def redacted_body(body: bytes, headers: Mapping[str, str], secret_fields: frozenset[str]) -> Any:
    """JSON as it is, anything else as text."""
    if not body:
        return None
    kind = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    text = body.decode("utf-8", errors="replace")
    if "json" not in kind:
        return redacted_form(text, secret_fields)
    try:
        return redacted_json(json.loads(text), secret_fields)
    except ValueError:
        return text


def redacted_json(value: Any, secret_fields: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [redacted_json(item, secret_fields) for item in value]
    if isinstance(value, dict):
        return {
            name: REDACTED
            if name in secret_fields and item is not None
            else redacted_json(item, secret_fields)
            for name, item in value.items()
        }
    return value


def redacted_form(text: str, secret_fields: frozenset[str]) -> str:
    if not secret_fields:
        return text
    names = "|".join(re.escape(name) for name in sorted(secret_fields))
    return re.sub(rf"(^|&|%5B|\[)({names})(%5D|\])?=[^&]*", rf"\1\2\3={REDACTED}", text)
