"""A browser without JavaScript: follows links, fills forms with their real CSRF tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import urljoin, urlsplit

import requests

from nexa.demo.check.page import Form, Page, page_read

TIMEOUT_SECONDS = 60.0
Files = Mapping[str, tuple[str, bytes, str]]


class CheckFailed(Exception):
    """A step did not see what it must; the message says what it saw instead."""


class Browser:
    """One person's session at one site."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between this machine and itself

    def get(self, path: str, *, status: int = 200) -> Page:
        """A page by path or address; CheckFailed unless it is answered with `status`."""
        answer = self._session.get(urljoin(self.address, path), timeout=TIMEOUT_SECONDS)
        return self._page(answer, status)

    def submit(
        self,
        page: Page,
        form: Form | None,
        values: Mapping[str, str] | None = None,
        *,
        button: str = "",
        files: Files | None = None,
    ) -> Page:
        """Send the form as it stands with `values` over it, by the button of that label."""
        if form is None:
            raise CheckFailed(f"{_where(page)} has no such form ({button or values})")
        sent = {**form.values, **(values or {})}
        pressed = form.button(button) if button else None
        if pressed is not None and pressed.name:
            sent[pressed.name] = pressed.value
        address = urljoin(page.url, form.action or page.url)
        if form.method != "post":
            return self._page(self._session.get(address, params=sent, timeout=TIMEOUT_SECONDS))
        parts = urlsplit(page.url)
        headers = {"Referer": page.url, "Origin": f"{parts.scheme}://{parts.netloc}"}
        answer = self._session.post(
            address, data=sent, files=files, headers=headers, timeout=TIMEOUT_SECONDS
        )
        return self._page(answer)

    def press(self, page: Page, label: str, values: Mapping[str, str] | None = None) -> Page:
        """Press the first button of that label."""
        return self.submit(page, page.form_with(label), values, button=label)

    def follow(self, page: Page, label: str) -> Page:
        """Follow the first link with those words."""
        href = page.link(label)
        if href is None:
            raise CheckFailed(f"{_where(page)} has no link “{label}”")
        return self.get(urljoin(page.url, href))

    def _page(self, answer: requests.Response, status: int = 200) -> Page:
        page = page_read(answer.url, answer.status_code, answer.text)
        if answer.status_code != status:
            raise CheckFailed(f"{_where(page)} answered {answer.status_code}: {page.text[:200]}")
        return page


def eventually(
    get: Callable[[], Page], wanted: Callable[[Page], bool], what: str, seconds: float = 60.0
) -> Page:
    """Load the page again until it shows what is wanted; CheckFailed after `seconds`."""
    deadline = time.monotonic() + seconds
    while not wanted(page := get()):
        if time.monotonic() > deadline:
            raise CheckFailed(f"{what}: not seen on {_where(page)} in {seconds:.0f} s")
        time.sleep(0.5)
    return page


def require(page: Page, *words: str) -> None:
    """CheckFailed unless the page shows every one of the words."""
    missing = [word for word in words if word not in page.text]
    if missing:
        raise CheckFailed(f"{_where(page)} does not show {', '.join(map(repr, missing))}")


def _where(page: Page) -> str:
    return urlsplit(page.url).path
