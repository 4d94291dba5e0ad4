"""The colours of the style sheet, held to WCAG 2.2 contrast in both schemes."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

STYLE_SHEET = settings.BASE_DIR / "static" / "css" / "nexa.css"
TOKEN = re.compile(
    r"--(?P<name>[\w-]+): light-dark\((?P<light>#[0-9a-f]{6}), (?P<dark>#[0-9a-f]{6})\)"
)
TEXT = 4.5
SHAPE = 3.0
TINTS = ("ok", "warn", "err", "info", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6")

PAIRS = [
    *[("text", ground, 7.0) for ground in ("bg", "surface", "subtle", "inset")],
    *[("text-2", ground, TEXT) for ground in ("bg", "surface", "subtle", "inset")],
    *[("text-3", ground, TEXT) for ground in ("bg", "surface", "subtle", "inset")],
    *[("accent-text", ground, TEXT) for ground in ("bg", "surface", "subtle", "accent-soft")],
    *[("on-accent", fill, TEXT) for fill in ("accent", "accent-hover", "err-fill")],
    ("on-toast", "toast", 7.0),
    *[(tint, f"{tint}-soft", TEXT) for tint in TINTS],
    *[("text", f"{tint}-soft", TEXT) for tint in ("ok", "warn", "err", "info")],
    *[(tint, "surface", TEXT) for tint in ("ok", "warn", "err", "info")],
    ("err", "bg", TEXT),
    *[("line-strong", ground, SHAPE) for ground in ("bg", "surface")],
    *[("ring", ground, SHAPE) for ground in ("bg", "surface", "subtle", "inset")],
    *[(f"fill-{tint}", "surface", SHAPE) for tint in ("ok", "warn", "err", "info")],
    *[(f"fill-{number}", "surface", SHAPE) for number in range(1, 6)],
]


def tokens(scheme: str) -> dict[str, str]:
    return {found["name"]: found[scheme] for found in TOKEN.finditer(STYLE_SHEET.read_text())}


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_the_highest() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_token_pair_is_readable(front: str, ground: str, least: float, scheme: str) -> None:
    colours = tokens(scheme)

    assert contrast(colours[front], colours[ground]) >= least
