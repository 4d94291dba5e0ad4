"""The application on a real port of this machine, in a thread of the test process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urljoin

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings

HOST = "127.0.0.1"


class Failures(logging.Handler):
    """Keeps the last traceback behind an answer of 500 and more, for the test that meets it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.last = logging.Formatter().format(record)


@dataclass(frozen=True)
class Site:
    """Where the application answers."""

    url: str
    failures: Failures = field(default_factory=Failures, compare=False)

    def at(self, path: str) -> str:
        return urljoin(self.url, path)


@contextmanager
def site_running() -> Iterator[Site]:
    """Serves the pages and static files as they are on disk; it outlives single tests."""
    server = LiveServerThread(HOST, static_handler=StaticFilesHandler)
    server.daemon = True
    # The middleware reads these when the server starts, before any test has set them.
    with override_settings(WHITENOISE_AUTOREFRESH=True, WHITENOISE_USE_FINDERS=True):
        server.start()
        server.is_ready.wait()
    if server.error:
        raise server.error
    site = Site(f"http://{HOST}:{server.port}")
    logging.getLogger("django.request").addHandler(site.failures)
    try:
        yield site
    finally:
        logging.getLogger("django.request").removeHandler(site.failures)
        server.terminate()
