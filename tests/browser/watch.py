"""Listens to everything a browser complains about, so that a test can ask whether it was quiet."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# Chromium and htmx repeat each failed answer here; those are judged by their status instead.
REPEATED = ("Failed to load resource", "Response Status Error Code")
# What a page being left does to requests that are still on their way.
ABORTED = "net::ERR_ABORTED"

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile || ""}`);
});
"""


class Watch:
    """Problems of one browser context: console and script errors, CSP, failed requests."""

    def __init__(self, context: BrowserContext) -> None:
        self.begin()
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def begin(self) -> None:
        """Forget what was before."""
        self.problems: list[str] = []
        self.expected: set[int] = set()

    def expect(self, *statuses: int) -> None:
        """Answers with these statuses are part of the test from here on."""
        self.expected.update(statuses)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REPEATED):
            self.problems.append(f"console: {message.text}")

    def _error(self, error: WebError) -> None:
        self.problems.append(f"script: {error.error}")

    def _failed(self, request: Request) -> None:
        if request.failure != ABORTED:
            self.problems.append(f"request: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.problems.append(f"answer: {response.status} for {response.url}")
