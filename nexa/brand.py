"""The icons that browsers and phones ask for at the root without being told where they lie."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

DAY_SECONDS = 86_400


@require_safe
@cache_control(public=True, max_age=DAY_SECONDS)
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(static("favicon.ico"))


@require_safe
@cache_control(public=True, max_age=DAY_SECONDS)
def touch_icon(request: HttpRequest) -> HttpResponse:
    return redirect(static("apple-touch-icon.png"))
