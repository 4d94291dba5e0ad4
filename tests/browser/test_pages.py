"""Every page, wide and narrow: quiet, accessible, not scrolled sideways; main ones in all looks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Literal
from zlib import crc32

import pytest
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser, Page
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.axe import GRAVE, violations_of
from tests.browser.billing import at_sandbox
from tests.browser.cases import CASES, PageCase
from tests.browser.chrome import HEIGHTS, NARROW, WIDE, Window, session_of, window_open
from tests.browser.site import Site
from tests.browser.standing_cases import STANDINGS
from tests.browser.world import World, world_made
from tests.sandbox import running_sandbox

pytestmark = pytest.mark.django_db(serialized_rollback=True)

Look = tuple[Literal["light", "dark"], int]
LOOKS: tuple[Look, ...] = (("dark", WIDE), ("light", NARROW))
MAIN_VIEWS: tuple[tuple[Look, ...], ...] = (
    (("light", WIDE), ("dark", WIDE)),
    (("light", NARROW), ("dark", NARROW)),
)
PEOPLE = (None, "seller", "viewer", "operator", "newcomer", "stranger")
WindowOf = Callable[[str | None, int], Window]
# NEXA_SCREENSHOTS=folder keeps a picture of each look, for people to judge.
PICTURES = os.environ.get("NEXA_SCREENSHOTS")

# The console's theme and Swagger UI are not ours: what is broken in them, and why it stays.
WAIVERS = {
    "target-size": "the theme's search button is 18 px high; Enter in the field does the same",
    "nested-interactive": "Swagger UI puts a copy button into the summary of each operation",
    "color-contrast": "Swagger UI paints its own light colours",
}


@pytest.fixture(scope="module")
def world(browser: Browser, site: Site, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once, and committed, for all pages; they only look. Afterwards nothing is left of it."""
    with django_db_blocker.unblock(), running_sandbox() as sandbox, at_sandbox(site, sandbox):
        try:
            yield world_made(sandbox)
        finally:
            call_command(
                "flush",
                verbosity=0,
                interactive=False,
                # The rows below come back with their old numbers; new ones must not meet them.
                reset_sequences=False,
                inhibit_post_migrate=True,
            )
            connection.creation.deserialize_db_from_string(connection._test_serialized_contents)


@pytest.fixture(scope="module")
def window_of(world: World, browser: Browser, site: Site) -> Iterator[WindowOf]:
    """One window for each person and width, empty for each test: opening one takes longest.

    Signed in here: what a test itself writes to the database is not committed.
    """
    sessions = {who: session_of(getattr(world, who)) if who else "" for who in PEOPLE}
    with ExitStack() as stack:

        @cache
        def window(who: str | None, width: int) -> Window:
            opened = window_open(browser, site, session=sessions[who], width=width)
            return stack.enter_context(opened)

        def emptied(who: str | None, width: int) -> Window:
            kept = window(who, width)
            kept.page.goto("about:blank")
            kept.watch.begin()
            return kept

        yield emptied


@pytest.mark.parametrize("case", [*CASES, *STANDINGS], ids=lambda case: case.name)
def test_page_is_fit_for_people(case: PageCase, world: World, window_of: WindowOf) -> None:
    found: list[str] = []
    for opened, *turned in _views(case):
        window = window_of(case.who, opened[1])
        window.watch.expect(case.status, *case.answers)
        _turn(window.page, opened)
        assert window.open(case.path(world)) == case.status, window.site.failures.last
        if case.act:
            case.act(window, world)
        found += _complaints(window, case, opened, is_scanned=True)
        for look in turned:
            found += _complaints(window, case, look, is_scanned=case.is_main)
        found += window.watch.problems
    assert not found, "\n".join(found)


def _views(case: PageCase) -> tuple[tuple[Look, ...], ...]:
    """The looks of a page, in one row those of one opening.

    Main pages are opened in each width and scanned in all looks. Scanning and opening take longest:
    the others are opened and scanned in one look, half of them in each, and turned to the other.
    """
    if case.is_main:
        return MAIN_VIEWS
    return (LOOKS if crc32(case.name.encode()) % 2 else LOOKS[::-1],)


def _turn(page: Page, look: Look) -> None:
    scheme, width = look
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def _complaints(window: Window, case: PageCase, look: Look, *, is_scanned: bool) -> list[str]:
    page, (scheme, width) = window.page, look
    _turn(page, look)
    if PICTURES:
        picture = Path(PICTURES) / f"{case.name}-{width}-{scheme}.png"
        page.screenshot(path=picture, full_page=not case.is_vendors)
    found = [*_shape(page, case), *(_barriers(window, case) if is_scanned else [])]
    return [f"{scheme} {width}: {one}" for one in found]


def _shape(page: Page, case: PageCase) -> Iterator[str]:
    """Title, one main heading, nothing beside the screen."""
    if not page.title().strip():
        yield "no title"
    if case.is_vendors:
        return
    headings = page.locator("h1").count()
    if headings != 1:
        yield f"{headings} main headings"
    beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if beyond > 0:
        yield f"scrolls sideways by {beyond} px"


def _barriers(window: Window, case: PageCase) -> list[str]:
    """What axe finds, without what its own style sheet makes the browser report."""
    said = len(window.watch.problems)
    violations = violations_of(window.page)
    del window.watch.problems[said:]
    if case.is_vendors:
        violations = [one for one in violations if one.impact in GRAVE and one.rule not in WAIVERS]
    return [str(one) for one in violations]
