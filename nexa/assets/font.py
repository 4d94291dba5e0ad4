"""Cuts Inter down to the weights and letters the pages use: TrueType in, woff2 out."""

from __future__ import annotations

from collections.abc import Iterator
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
        (0xA0, 0x17F),
        (0x218, 0x21B),
        (0x2010, 0x203A),
        (0x20A0, 0x20BF),
        (0x2122, 0x2122),
        (0x2190, 0x2193),
        (0x2212, 0x2212),
        (0x2713, 0x2713),
    ),
)
# Fetched only by pages that show such a letter: Vietnamese and rarer Latin, Greek, Cyrillic.
EXTENDED: Final = Cut(
    "inter-extended",
    ((0x180, 0x217), (0x21C, 0x24F), (0x370, 0x45F), (0x490, 0x4FF), (0x1E00, 0x1EFF)),
)
CUTS: Final = (LATIN, EXTENDED)


def font_files(source: Path = SOURCE) -> Iterator[tuple[str, bytes]]:
    """Each cut's name and woff2 bytes. Takes about ten seconds."""
    whole = _saved(instancer.instantiateVariableFont(TTFont(source), AXES)).getvalue()
    for cut in CUTS:
        yield cut.name, _woff2(whole, cut)


def _woff2(whole: bytes, cut: Cut) -> bytes:
    # Read again for each cut: the instancer leaves tables the subsetter cannot cut in place.
    font = TTFont(BytesIO(whole))
    options = subset.Options(layout_features=list(FEATURES), notdef_outline=True, hinting=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[point for low, high in cut.ranges for point in range(low, high + 1)])
    cutter.subset(font)
    font.flavor = "woff2"
    return _saved(font).getvalue()


def _saved(font: TTFont) -> BytesIO:
    written = BytesIO()
    font.save(written)
    return written
