"""The built folder: what is in it, how heavy, and that a second run leaves it alone."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from fontTools.ttLib import TTFont

from nexa.assets.build import STAMP, build
from nexa.assets.font import CUTS, EXTENDED, LATIN, Cut

FACE = re.compile(
    r"url\(\"\.\./fonts/(?P<name>[\w-]+)\.woff2\"\).*?unicode-range: (?P<ranges>[^;]+);", re.S
)


@pytest.fixture
def folder(assets: Path) -> Path:
    return assets


def letters(folder: Path, cut: Cut) -> set[int]:
    return set(TTFont(folder / "fonts" / f"{cut.name}.woff2").getBestCmap())


def test_build_writes_sprite_fonts_and_licence(folder: Path) -> None:
    assert (folder / "icons.svg").read_text().startswith("<svg")
    assert "SIL OPEN FONT LICENSE" in (folder / "fonts" / "OFL.txt").read_text().upper()


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name)
def test_font_is_light(folder: Path, cut: Cut) -> None:
    assert (folder / "fonts" / f"{cut.name}.woff2").stat().st_size < 60_000


def test_latin_font_is_lighter_still(folder: Path) -> None:
    assert (folder / "fonts" / "inter-latin.woff2").stat().st_size < 40_000


@pytest.mark.parametrize("text", ["Zoë €1,200 – naïve", "Łódź İzmir ₹", "→ ✓ −"])  # noqa: RUF001
def test_latin_font_has_the_letters_of_a_page(folder: Path, text: str) -> None:
    assert {ord(letter) for letter in text} <= letters(folder, LATIN)


@pytest.mark.parametrize("text", ["Київ", "Αθήνα", "Việt"])
def test_extended_font_has_the_rest(folder: Path, text: str) -> None:
    wanted = {ord(letter) for letter in text} - letters(folder, LATIN)

    assert wanted <= letters(folder, EXTENDED)


def test_font_keeps_the_weights_of_the_style_sheet(folder: Path) -> None:
    axes = TTFont(folder / "fonts" / "inter-latin.woff2")["fvar"].axes

    assert [(axis.axisTag, axis.minValue, axis.maxValue) for axis in axes] == [("wght", 400, 650)]


def test_style_sheet_asks_each_font_for_all_its_letters(folder: Path) -> None:
    style_sheet = (settings.BASE_DIR / "static" / "css" / "nexa.css").read_text()
    asked = {found["name"]: declared(found["ranges"]) for found in FACE.finditer(style_sheet)}

    for cut in CUTS:
        assert letters(folder, cut) <= asked[cut.name]


def declared(ranges: str) -> set[int]:
    points: set[int] = set()
    for part in ranges.replace("U+", "").split(","):
        low, _, high = part.strip().partition("-")
        points.update(range(int(low, 16), int(high or low, 16) + 1))
    return points


def test_build_again_writes_nothing(folder: Path) -> None:
    assert not any(built.is_new for built in build(folder))


def test_build_repairs_a_lost_file(folder: Path) -> None:
    (folder / "icons.svg").write_text("half")

    assert [built.path.name for built in build(folder) if built.is_new] == ["icons.svg"]


def test_build_assets_command_reports_each_file(folder: Path) -> None:
    said = StringIO()

    call_command("build_assets", folder=folder, stdout=said)

    assert "icons.svg" in said.getvalue()
    assert (folder / STAMP).exists()
