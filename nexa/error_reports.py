"""What Django shows of a crash (debug page, error mail): the crash, never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from types import FrameType
from typing import Any

from django.http import HttpRequest, QueryDict
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from nexa.redaction import REDACTED, known_secrets, redact


class SafeReporterFilter(SafeExceptionReporterFilter):
    """Hides by name in settings, headers, form values and local variables, in DEBUG as well."""

    cleansed_substitute = REDACTED
    hidden_settings = re.compile(
        r"API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|COOKIE|CREDENTIAL|DATABASE_URL|REDIS|SESSION",
        re.IGNORECASE,
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> QueryDict | dict[str, Any]:
        shown = super().get_post_parameters(request)
        return {name: self.cleanse_setting(name, shown.get(name)) for name in shown}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> Iterator[tuple[str, Any]]:
        for name, value in super().get_traceback_frame_variables(request, tb_frame):
            yield name, self.cleanse_setting(name, value) if isinstance(name, str) else value


class SafeExceptionReporter(ExceptionReporter):
    """Takes what is left of secrets out of the finished page: in messages, reprs and source."""

    def get_traceback_html(self) -> str:
        page = super().get_traceback_html()
        for secret in known_secrets():
            page = page.replace(escape(secret), REDACTED)
        return redact(page)

    def get_traceback_text(self) -> str:
        return redact(super().get_traceback_text())
