"""Our settings without apps and middleware, for the floor of the web-hook bench."""

from __future__ import annotations

from nexa.settings import *  # noqa: F403

INSTALLED_APPS = []
MIDDLEWARE = []
ROOT_URLCONF = "nexa.bench.floor"
