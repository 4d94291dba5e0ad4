"""Colours, labels and icons of the operator console; read by settings, so it imports little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

PRIMARY = {
    "50": "#f1f0ff",
    "100": "#e6e5fe",
    "200": "#d0cdfd",
    "300": "#b0abfa",
    "400": "#a29cf8",
    "500": "#8f88f5",
    "600": "#4f46d8",
    "700": "#4139b8",
    "800": "#373197",
    "900": "#2f2b78",
    "950": "#1d1a4a",
}


def _static(path: str) -> Callable[[HttpRequest], str]:
    """Asked for at each page: names of files are known only once they are collected."""
    return lambda request: static(path)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Nexa console",
    "SITE_HEADER": "Nexa console",
    "SITE_ICON": _static("favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _static("favicon.svg")},
        {"rel": "icon", "sizes": "48x48", "href": _static("favicon.ico")},
        {"rel": "apple-touch-icon", "href": _static("apple-touch-icon.png")},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "nexa.console.environment_label",
    "COLORS": {"primary": PRIMARY},
    "STYLES": [_static("css/console.css")],
    "SIDEBAR": {"show_search": True, "navigation": "nexa.sidebar.navigation"},
}
