"""Our settings without middleware, for the floor of the web-hook bench."""

from __future__ import annotations

from nexa.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "nexa.bench.floor"
