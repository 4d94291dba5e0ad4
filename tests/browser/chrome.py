"""Chromium as the tests drive it, and the windows they open in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from crm.models import User
from tests.browser.site import Site
from tests.browser.watch import Watch
from tests.chromium import chromium_found

ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDE = 1440
NARROW = 360
HEIGHTS = {WIDE: 900, NARROW: 740}
TIMEOUT_MS = 20_000  # for machines that do much else; only failures wait so long


@dataclass(frozen=True)
class Window:
    """One person's browser: its context, first page and what went wrong in it."""

    site: Site
    context: BrowserContext
    page: Page
    watch: Watch

    def open(self, path: str) -> int:
        """Go to a page; its status."""
        response = self.page.goto(self.site.at(path), wait_until="load")
        assert response is not None
        return response.status


@contextmanager
def chromium_running() -> Iterator[Browser]:
    path = chromium_found()
    if path is None:
        pytest.fail("There is no Chromium: `python -m tests.chromium` installs one or says why not")
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window_open(
    browser: Browser, site: Site, *, session: str = "", width: int = WIDE, **options: Any
) -> Iterator[Window]:
    """A fresh window, signed in when a session is given. A narrow one is touched, not pointed."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]},
        has_touch=width == NARROW,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
        **options,
    )
    context.set_default_timeout(TIMEOUT_MS)
    if session:
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": session, "url": site.url}])
    watch = Watch(context)
    try:
        yield Window(site, context, context.new_page(), watch)
    finally:
        context.close()


def session_of(user: User) -> str:
    """The key of a new session in which the user is signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value
