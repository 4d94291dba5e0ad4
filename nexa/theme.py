"""Colours and labels of the operator console; read by settings, so it imports nothing."""

from __future__ import annotations

from typing import Any

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

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Nexa console",
    "SITE_HEADER": "Nexa console",
    "SITE_SYMBOL": "hub",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "nexa.console.environment_label",
    "COLORS": {"primary": PRIMARY},
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}
