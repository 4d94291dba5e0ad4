"""The brand icons: whole files, the right colours in the right places, and a clear refusal."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from nexa.assets.favicon import ICO_SIZES, DrawingUnknownError, favicon_ico, mark_png

INDIGO, WHITE, CLEAR = (0x4F, 0x46, 0xD8, 255), (255, 255, 255, 255), (0, 0, 0, 0)


def pixel(png: bytes, x: int, y: int) -> tuple[int, ...]:
    size = struct.unpack(">I", png[16:20])[0]
    length = struct.unpack(">I", png[33:37])[0]
    rows = zlib.decompress(png[41 : 41 + length])
    at = y * (size * 4 + 1) + 1 + x * 4
    return tuple(rows[at : at + 4])


def test_mark_is_painted_where_the_drawing_has_it() -> None:
    png = mark_png(48)

    assert pixel(png, 0, 0) == CLEAR
    assert pixel(png, 24, 3) == INDIGO
    assert pixel(png, 24, 24) == WHITE
    assert pixel(png, 15, 15) == WHITE


def test_touch_icon_fills_its_corners() -> None:
    assert pixel(mark_png(48, is_square=True), 0, 0) == INDIGO


def test_ico_holds_a_picture_of_each_size() -> None:
    content = favicon_ico()

    kind, count = struct.unpack("<HH", content[2:6])
    assert (kind, count) == (1, len(ICO_SIZES))
    for number, size in enumerate(ICO_SIZES):
        row = content[6 + 16 * number : 22 + 16 * number]
        length, offset = struct.unpack("<II", row[8:])
        assert row[0] == size
        assert content[offset : offset + length] == mark_png(size)


@pytest.mark.parametrize(
    "part", ['<ellipse rx="3" ry="2"/>', '<circle cx="1" cy="1" r="1" fill="red"/>']
)
def test_mark_refuses_what_it_cannot_paint(tmp_path: Path, part: str) -> None:
    source = tmp_path / "mark.svg"
    source.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{part}</svg>')

    with pytest.raises(DrawingUnknownError):
        mark_png(16, source=source)
