"""Log lines: structured, with the request or task id, without secrets."""

from __future__ import annotations

import logging
import re

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from nexa.context import context_id


class ContextFilter(logging.Filter):
    """Adds the id of the request or task to every line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.context_id = context_id.get()
        return True


class RedactFilter(logging.Filter):
    """Replaces what looks like a secret in the message."""

    PATTERN = re.compile(r"\b(sk|rk|whsec)_[A-Za-z0-9_]{6,}")

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = self.PATTERN.sub("[redacted]", message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line."""


class PlainFormatter(logging.Formatter):
    """One readable line, for a developer's terminal."""
