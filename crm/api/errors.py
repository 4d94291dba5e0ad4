"""One error format for the whole API."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler as base_handler


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    return base_handler(error, context)
