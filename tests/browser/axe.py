"""Scans a page with axe for what shuts people out."""

from __future__ import annotations

from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCRIPT = Axe().axe_script
GRAVE = frozenset({"serious", "critical"})


@dataclass(frozen=True)
class Violation:
    """One broken rule and the elements that break it."""

    rule: str
    impact: str
    elements: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): " + "; ".join(self.elements)


def violations_of(page: Page) -> list[Violation]:
    """Look at the page as it stands. axe adds a style of its own: read CSP reports before."""
    options = {
        "runOnly": {"type": "tag", "values": list(RULES)},
        "resultTypes": ["violations"],
    }
    page.evaluate(SCRIPT)
    # All that it answers is longer than most pages.
    found = page.evaluate("options => axe.run(options).then(all => all.violations)", options)
    return [
        Violation(
            rule=one["id"],
            impact=one["impact"],
            elements=tuple(node["html"][:200] for node in one["nodes"][:5]),
        )
        for one in found
    ]
