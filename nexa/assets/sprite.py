"""Named lucide drawings in one SVG that pages point into with <use>."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

SVG = "http://www.w3.org/2000/svg"
# How every lucide drawing is drawn; a <symbol> carries it, so a page's <svg> needs no attributes.
DRAWN = {
    "fill": "none",
    "stroke": "currentColor",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
}


class IconUnknownError(LookupError):
    """The icon set has no drawing of that name."""


def sprite_svg(names: Iterable[str]) -> str:
    """The sprite of `names`, sorted, each once; IconUnknownError when one does not exist."""
    ElementTree.register_namespace("", SVG)
    sprite = ElementTree.Element(f"{{{SVG}}}svg")
    with ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes())) as drawings:
        for name in sorted(set(names)):
            sprite.append(_symbol(name, drawings))
    return ElementTree.tostring(sprite, encoding="unicode")


def _symbol(name: str, drawings: ZipFile) -> ElementTree.Element:
    try:
        source = drawings.read(f"{name}.svg")
    except KeyError:
        raise IconUnknownError(f"lucide has no icon named {name!r}") from None
    drawing = ElementTree.fromstring(source)  # noqa: S314 (a file of an installed package)
    symbol = ElementTree.Element(
        f"{{{SVG}}}symbol", {"id": name, "viewBox": drawing.get("viewBox", "0 0 24 24"), **DRAWN}
    )
    for shape in drawing:
        shape.tail = None
        symbol.append(shape)
    return symbol
