"""Draws the brand mark's SVG as PNG and ICO for browsers and phones that do not take SVG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from nexa.assets.sprite import SVG

SOURCE: Final = Path(__file__).resolve().parents[2] / "static" / "favicon.svg"
ICO_SIZES: Final = (16, 32, 48)
# Phones round the corners of the whole square themselves.
TOUCH_SIZE: Final = 180

Point = tuple[float, float]
Colour = tuple[int, int, int]
# How far a point lies outside a shape, in units of the drawing; negative inside.
Distance = Callable[[float, float], float]


@dataclass(frozen=True)
class Shape:
    """One painted part of the mark."""

    distance: Distance
    colour: Colour


class DrawingUnknownError(ValueError):
    """The SVG uses something that this small painter does not know."""


def favicon_ico(source: Path = SOURCE) -> bytes:
    """The mark in the sizes that browsers ask for in one ICO file of PNGs."""
    pictures = [(size, mark_png(size, source=source)) for size in ICO_SIZES]
    offset = 6 + 16 * len(pictures)
    head, body = struct.pack("<HHH", 0, 1, len(pictures)), b""
    for size, png in pictures:
        head += struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(png), offset + len(body))
        body += png
    return head + body


def mark_png(size: int, *, is_square: bool = False, source: Path = SOURCE) -> bytes:
    """The mark at `size` pixels; `is_square` fills the corners that the mark leaves open."""
    tree = ElementTree.fromstring(source.read_bytes())  # noqa: S314 (a file of ours)
    width = float(tree.get("viewBox", "0 0 24 24").split()[2])
    shapes = list(_shapes(tree, is_square=is_square))
    rows = (
        b"\0" + b"".join(_pixel(shapes, x, y, width / size) for x in range(size))
        for y in range(size)
    )
    return _png(size, b"".join(rows))


def _shapes(parent: ElementTree.Element, *, is_square: bool) -> Iterable[Shape]:
    """Every part from the bottom up; a group hands its stroke down."""
    for part in parent:
        match part.tag.removeprefix(f"{{{SVG}}}"):
            case "g":
                for child in part:
                    child.attrib = {**part.attrib, **child.attrib}
                yield from _shapes(part, is_square=is_square)
            case "rect":
                yield Shape(_box(part, radius=0 if is_square else None), _colour(part, "fill"))
            case "circle":
                yield Shape(_disc(part), _colour(part, "fill"))
            case "path":
                yield Shape(_stroke(part), _colour(part, "stroke"))
            case other:
                raise DrawingUnknownError(f"{other} in the mark cannot be painted")


def _box(part: ElementTree.Element, *, radius: float | None) -> Distance:
    half = float(part.get("width", "0")) / 2
    corner = float(part.get("rx", "0")) if radius is None else radius

    def distance(x: float, y: float) -> float:
        dx, dy = abs(x - half) - half + corner, abs(y - half) - half + corner
        return hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - corner

    return distance


def _disc(part: ElementTree.Element) -> Distance:
    cx, cy, radius = (float(part.get(name, "0")) for name in ("cx", "cy", "r"))
    return lambda x, y: hypot(x - cx, y - cy) - radius


def _stroke(part: ElementTree.Element) -> Distance:
    """Round-ended straight strokes."""
    pen = RecordingPen()
    parse_path(part.get("d", ""), pen)
    points: list[Point] = [step[0] for name, step in pen.value if name in {"moveTo", "lineTo"}]
    half = float(part.get("stroke-width", "1")) / 2
    lines = list(pairwise(points))
    return lambda x, y: min(_from_line((x, y), *line) for line in lines) - half


def _from_line(point: Point, start: Point, end: Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    px, py = point[0] - start[0], point[1] - start[1]
    along = max(0.0, min(1.0, (px * dx + py * dy) / (dx * dx + dy * dy)))
    return hypot(px - along * dx, py - along * dy)


def _pixel(shapes: list[Shape], x: int, y: int, unit: float) -> bytes:
    """Red, green, blue and opacity; an edge is as sharp as one pixel (`unit` of the drawing)."""
    colour, opacity = (0.0, 0.0, 0.0), 0.0
    for shape in shapes:
        distance = shape.distance((x + 0.5) * unit, (y + 0.5) * unit)
        cover = max(0.0, min(1.0, 0.5 - distance / unit))
        if not cover:
            continue
        total = cover + opacity * (1 - cover)
        mixed = zip(shape.colour, colour, strict=True)
        red, green, blue = (
            (new * cover + old * opacity * (1 - cover)) / total for new, old in mixed
        )
        colour, opacity = (red, green, blue), total
    return bytes(round(value) for value in (*colour, opacity * 255))


def _colour(part: ElementTree.Element, name: str) -> Colour:
    text = part.get(name, "").removeprefix("#")
    text = "".join(letter * 2 for letter in text) if len(text) == 3 else text
    try:
        red, green, blue = bytes.fromhex(text)
    except ValueError:
        raise DrawingUnknownError(f"{name} in the mark is not a colour like #4f46d8") from None
    return red, green, blue


def _png(size: int, rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = (b"IHDR" + head, b"IDAT" + zlib.compress(rows, 9), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in parts
    )
