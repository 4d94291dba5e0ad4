"""Fixtures of the browser tests: the running application, and windows in Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import override_settings
from playwright.sync_api import Browser
from pytest_django.plugin import DjangoDbBlocker

from tests.assets import assets_built
from tests.browser.chrome import Window, chromium_running, window_open
from tests.browser.shop import Shop, shop_made
from tests.browser.site import Site, site_running
from tests.sandbox import RunningSandbox, running_sandbox

OpenWindow = Callable[..., Window]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(django_db_setup: None) -> Iterator[Site]:
    assets_built()
    with site_running() as running:
        yield running


@pytest.fixture(scope="module")
def browser(
    site: Site, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Browser]:
    """For one module only: Playwright's event loop must not reach tests of other rooms.

    While it runs, Django takes this thread for async code and gives it another connection.
    """
    rows_of_migrations = vars(connections["default"]).get("_test_serialized_contents")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with chromium_running() as running:
        connections["default"]._test_serialized_contents = rows_of_migrations
        yield running
        with django_db_blocker.unblock():
            connections["default"].close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module", autouse=True)
def files_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Uploads are kept in a folder of this test run.

    Static files are plain between two tests, too: a late request of the one before may be the one
    that asks for their storage, and what it gets stays.
    """
    location = str(tmp_path_factory.mktemp("files"))
    backend = "django.core.files.storage.FileSystemStorage"
    files = {
        "default": {"BACKEND": backend, "OPTIONS": {"location": location}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES={**settings.STORAGES, **files}):
        yield


@pytest.fixture(autouse=True)
def built_files_found(plain_static_files: None) -> Iterator[None]:
    """The folder may have been built after the settings looked for it."""
    folders = [settings.BASE_DIR / "static", settings.ASSETS_BUILD_FOLDER]
    with override_settings(STATICFILES_DIRS=folders):
        yield


@pytest.fixture
def open_window(browser: Browser, site: Site) -> Iterator[OpenWindow]:
    """Opens windows; when the test is over, none of them may have complained."""
    opened: list[Window] = []
    with ExitStack() as stack:

        def open_one(**options: Any) -> Window:
            opened.append(stack.enter_context(window_open(browser, site, **options)))
            return opened[-1]

        yield open_one
        problems = [problem for window in opened for problem in window.watch.problems]
    assert not problems, "\n".join(problems)


@pytest.fixture
def shop(browser: Browser, transactional_db: None) -> Shop:
    return shop_made()


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running
