"""What Django shows of a crash (debug page, error mail): the crash, never a secret."""

from __future__ import annotations

import re
from collections.abc import ItemsView
from html import escape
from types import FrameType
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString
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
    ) -> ItemsView[str, Any]:
        shown = super().get_traceback_frame_variables(request, tb_frame)
        return {name: self.cleanse_setting(name, value) for name, value in shown}.items()


class SafeExceptionReporter(ExceptionReporter):
    """Takes what is left of secrets out of the finished page: in messages, reprs and source."""

    def get_traceback_html(self) -> SafeString:
        page = str(super().get_traceback_html())
        for secret in known_secrets():
            page = page.replace(escape(secret), REDACTED)
        # Escaped by Django already; only text was taken out of it.
        return SafeString(redact(page))

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact(str(super().get_traceback_text())))
