"""Every page, light and dark, wide and narrow: quiet, accessible and never scrolled sideways."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser, Page
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.axe import GRAVE, violations_of
from tests.browser.billing import at_sandbox
from tests.browser.cases import CASES, PageCase
from tests.browser.chrome import NARROW, WIDE, Window, session_of, window_open
from tests.browser.site import Site
from tests.browser.world import World, world_made
from tests.sandbox import running_sandbox

pytestmark = pytest.mark.django_db(serialized_rollback=True)

LOOKS = (("dark", WIDE), ("light", NARROW))
ALL_LOOKS = (("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW))
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
            call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
            connection.creation.deserialize_db_from_string(connection._test_serialized_contents)


@pytest.fixture(scope="module")
def sessions(world: World) -> dict[str | None, str]:
    """A session for each kind of person; made here, because what a test writes is not committed."""
    people = ("seller", "viewer", "operator", "newcomer", "stranger")
    return {None: "", **{who: session_of(getattr(world, who)) for who in people}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_page_is_fit_for_people(
    case: PageCase,
    world: World,
    sessions: dict[str | None, str],
    browser: Browser,
    site: Site,
) -> None:
    session = sessions[case.who]
    looks = ALL_LOOKS if case.is_main else LOOKS
    found: list[str] = []
    with ExitStack() as stack:
        for width in sorted({width for _, width in looks}):
            window = stack.enter_context(window_open(browser, site, session=session, width=width))
            window.watch.expect(case.status, *case.answers)
            assert window.open(case.path(world)) == case.status
            if case.act:
                case.act(window, world)
            for scheme in [scheme for scheme, one in looks if one == width]:
                found += _complaints(window, case, scheme, width)
            found += window.watch.problems
    assert not found, "\n".join(found)


def _complaints(window: Window, case: PageCase, scheme: str, width: int) -> list[str]:
    page = window.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    if PICTURES:
        picture = Path(PICTURES) / f"{case.name}-{width}-{scheme}.png"
        page.screenshot(path=picture, full_page=not case.is_vendors)
    found = [*_shape(page, case), *_barriers(window, case)]
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
