"""Reads a request's JSON body; one without end is refused before anything walks it."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from math import isfinite
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# No field holds more than lists in an object; every step deeper is a frame on the stack.
DEPTH_MAX = 20
TOO_DEEP = f"The body is nested more than {DEPTH_MAX} levels deep. Nothing was saved."


class BoundedJSONParser(JSONParser):
    """JSON in UTF-8 of bounded size and depth; raises ParseError and RequestDataTooBig."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        bytes_max = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(bytes_max + 1)
        if len(raw) > bytes_max:
            raise RequestDataTooBig
        # A charset such as rot13 would be looked up and then not read bytes.
        context = {**(parser_context or {}), "encoding": "utf-8"}
        try:
            body = super().parse(BytesIO(raw), media_type, context)
        except RecursionError as error:
            raise ParseError(TOO_DEEP) from error
        _check(body)
        return body


def _check(body: Any) -> None:
    """Level by level, without recursion of our own."""
    level: list[Any] = [body]
    for _ in range(DEPTH_MAX):
        level = [inner for value in level for inner in _inner(value)]
        if any(isinstance(value, float) and not isfinite(value) for value in level):
            raise ParseError("A number is too large. Nothing was saved.")
        level = [value for value in level if isinstance(value, (dict, list))]
        if not level:
            return
    raise ParseError(TOO_DEEP)


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
