"""Pages for requests that cannot be served: what happened, what was kept, what to do."""

from __future__ import annotations

import sys
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html

from crm.trace import context_id
from crm.unavailable import RETRY_AFTER_SECONDS, is_database_trouble

# Files as they are, not templates: they must come out when nothing else works.
FOLDER = settings.BASE_DIR / "templates" / "errors"
SERVER_ERROR_PAGE = FOLDER / "500.html"
UNAVAILABLE_PAGE = FOLDER / "503.html"
PLACE_OF_ID = "<!-- request-id -->"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/403.html", {"reason": str(exception)}, status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while the error that nobody caught is being handled."""
    if is_database_trouble(sys.exception()):
        headers = {"Retry-After": RETRY_AFTER_SECONDS}
        return HttpResponse(_page(UNAVAILABLE_PAGE), status=503, headers=headers)
    return HttpResponse(_page(SERVER_ERROR_PAGE), status=500)


def _page(file: Path) -> str:
    """With the id that the logs have, for whoever looks into it."""
    words = format_html(
        '<p class="muted">If you report this, tell this number: <code>{}</code></p>',
        context_id.get(),
    )
    return file.read_text(encoding="utf-8").replace(PLACE_OF_ID, words)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/csrf.html", status=403)
