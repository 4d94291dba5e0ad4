"""Scans a page with axe for what shuts people out."""

from __future__ import annotations

from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What depends on colours and on room; the rest is the same markup in every look of a page.
OF_THE_LOOK = (
    "color-contrast",
    "link-in-text-block",
    "scrollable-region-focusable",
    "target-size",
    "landmark-one-main",
    "page-has-heading-one",
    "heading-order",
    "region",
)
GRAVE = frozenset({"serious", "critical"})


@dataclass(frozen=True)
class Violation:
    """One broken rule and the elements that break it."""

    rule: str
    impact: str
    elements: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): " + "; ".join(self.elements)


def violations_of(page: Page, rules: tuple[str, ...] = RULES) -> list[Violation]:
    """Look at the page as it stands. axe adds a style of its own: read CSP reports before."""
    kind = "tag" if rules is RULES else "rule"
    options = {
        "runOnly": {"type": kind, "values": list(rules)},
        "resultTypes": ["violations"],
    }
    found = Axe().run(page, options=options).response["violations"]
    return [
        Violation(
            rule=one["id"],
            impact=one["impact"],
            elements=tuple(node["html"][:200] for node in one["nodes"][:5]),
        )
        for one in found
    ]
