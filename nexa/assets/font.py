"""Cuts Inter down to the weights and letters the pages use: TrueType in, woff2 out."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import fontpkg_inter
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

SOURCE: Final = fontpkg_inter.ROOT / "files" / "Inter[opsz,wght].ttf"
LICENCE: Final = fontpkg_inter.ROOT / "LICENSE"
# One optical size, and only the weights the style sheet asks for.
AXES: Final = {"opsz": 14, "wght": (400, 650)}
FEATURES: Final = ("kern", "liga", "calt", "tnum", "ccmp", "locl", "case", "cv05", "ss03")


@dataclass(frozen=True)
class Cut:
    """One file of the font and the code points in it (inclusive ranges)."""

    name: str
    ranges: tuple[tuple[int, int], ...]


# Keep in step with the unicode-range of each @font-face in static/css/nexa.css.
LATIN: Final = Cut(
    "inter-latin",
    (
        (0x20, 0x7E),
        (0xA0, 0x24F),
        (0x259, 0x259),
        (0x1E00, 0x1EFF),
        (0x2010, 0x2027),
        (0x2030, 0x203A),
        (0x20A0, 0x20BF),
        (0x2116, 0x2116),
        (0x2122, 0x2122),
        (0x2190, 0x2199),
        (0x2212, 0x2212),
        (0x2713, 0x2713),
    ),
)
CYRILLIC_GREEK: Final = Cut("inter-cyrillic-greek", ((0x370, 0x3FF), (0x400, 0x45F), (0x490, 0x4FF)))
CUTS: Final = (LATIN, CYRILLIC_GREEK)


def font_woff2(cut: Cut, source: Path = SOURCE) -> bytes:
    """The variable font with only this cut's letters."""
    font = instancer.instantiateVariableFont(TTFont(source), AXES, inplace=True)
    options = subset.Options(layout_features=list(FEATURES), notdef_outline=True, hinting=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[point for low, high in cut.ranges for point in range(low, high + 1)])
    cutter.subset(font)
    font.flavor = "woff2"
    written = BytesIO()
    font.save(written)
    return written.getvalue()
