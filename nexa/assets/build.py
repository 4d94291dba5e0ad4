"""Writes the built assets into a folder; a file that would not change is left alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from nexa.assets import font
from nexa.assets.favicon import TOUCH_SIZE, favicon_ico, mark_png
from nexa.assets.icons import ICONS
from nexa.assets.sprite import sprite_svg

STAMP = "fonts/built-from.txt"


@dataclass(frozen=True)
class Built:
    """One file of the folder, its size, and whether this run wrote it."""

    path: Path
    size: int
    is_new: bool


def build(folder: Path) -> list[Built]:
    """Sprite, brand icons, font cuts and the font's licence. Repeating it changes nothing."""
    (folder / "fonts").mkdir(parents=True, exist_ok=True)
    return [
        _write(folder / "icons.svg", sprite_svg(ICONS).encode()),
        _write(folder / "favicon.ico", favicon_ico()),
        _write(folder / "apple-touch-icon.png", mark_png(TOUCH_SIZE, is_square=True)),
        *_fonts(folder),
    ]


def _fonts(folder: Path) -> list[Built]:
    stamp = folder / STAMP
    paths = [folder / "fonts" / f"{cut.name}.woff2" for cut in font.CUTS]
    recipe = _recipe()
    if all(path.exists() for path in paths) and stamp.exists() and stamp.read_text() == recipe:
        return [Built(path, path.stat().st_size, is_new=False) for path in paths]
    built = [
        _write(folder / "fonts" / f"{name}.woff2", content) for name, content in font.font_files()
    ]
    built.append(_write(folder / "fonts" / "OFL.txt", font.LICENCE.read_bytes()))
    stamp.write_text(recipe)
    return built


def _recipe() -> str:
    """Changes when the source font or what we cut from it does."""
    asked = repr((font.AXES, font.FEATURES, font.CUTS)).encode()
    return hashlib.sha256(font.SOURCE.read_bytes() + asked).hexdigest()


def _write(path: Path, content: bytes) -> Built:
    is_new = not path.exists() or path.read_bytes() != content
    if is_new:
        # Beside, then renamed: a server reading the folder never sees half a file.
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(content)
        beside.replace(path)
    return Built(path, len(content), is_new=is_new)
