"""The icon sprite: the drawings asked for, and a clear refusal of others."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from nexa.assets.icons import ICONS
from nexa.assets.sprite import SVG, IconUnknownError, sprite_svg


def test_sprite_svg_holds_each_name_once_and_sorted() -> None:
    sprite = ElementTree.fromstring(sprite_svg(["mail", "check", "mail"]))  # noqa: S314

    assert [symbol.get("id") for symbol in sprite.findall(f"{{{SVG}}}symbol")] == ["check", "mail"]


def test_sprite_svg_draws_in_the_colour_of_the_text_around_it() -> None:
    sprite = sprite_svg(["mail"])

    assert 'stroke="currentColor"' in sprite
    assert "<path" in sprite
    assert "ns0:" not in sprite


def test_sprite_svg_refuses_an_unknown_name() -> None:
    with pytest.raises(IconUnknownError, match="no-such-icon"):
        sprite_svg(["no-such-icon"])


def test_every_listed_icon_exists_in_the_set() -> None:
    sprite = sprite_svg(ICONS)

    assert sprite.count("<symbol") == len(ICONS)
    assert len(sprite) < 40_000
