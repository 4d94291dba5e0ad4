"""Log lines: one event each, with the id of its request or task, and without secrets.

Redaction is the formatter's last step, so that it also covers arguments and tracebacks.
"""

from __future__ import annotations

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from crm.trace import context_id
from nexa.redaction import redact, redact_value


class ContextFilter(logging.Filter):
    """Adds the id of the request or task to every line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.context_id = context_id.get()
        return True


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line, for machines."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Redacted value by value: a secret may need quoting once it is JSON."""
        return {name: redact_value(value, name) for name, value in log_data.items()}


class PlainFormatter(logging.Formatter):
    """One readable line, for a developer's terminal; a newline in a message is shown as one."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        # A forged line break in user-given text must not look like another event.
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)
