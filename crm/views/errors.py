"""Pages for requests that cannot be served: what happened, what was kept, what to do."""

from __future__ import annotations

import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from crm.unavailable import RETRY_AFTER_SECONDS, is_database_trouble

# Files as they are, not templates: they must come out when nothing else works.
FOLDER = settings.BASE_DIR / "templates" / "errors"
SERVER_ERROR_PAGE = FOLDER / "500.html"
UNAVAILABLE_PAGE = FOLDER / "503.html"


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
        return HttpResponse(UNAVAILABLE_PAGE.read_bytes(), status=503, headers=headers)
    return HttpResponse(SERVER_ERROR_PAGE.read_bytes(), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/csrf.html", status=403)
