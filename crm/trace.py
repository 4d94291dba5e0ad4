"""The id that ties log lines, attempts and error pages of one request or task together."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

context_id: ContextVar[str] = ContextVar("context_id", default="-")


def new_context_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@contextmanager
def within_context(identifier: str) -> Iterator[str]:
    """Name everything logged inside by `identifier`."""
    token = context_id.set(identifier)
    try:
        yield identifier
    finally:
        context_id.reset(token)
