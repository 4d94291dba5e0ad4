"""What every template must keep to: known icons, nothing inline, comments that Django sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

from crm.templatetags.tones import ICON_OF_ACTIVITY
from nexa.assets.icons import ICONS

FOLDER = settings.BASE_DIR / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
ICON_USES = (
    re.compile(r"{%\s*icon\s+\"([\w-]+)\""),
    re.compile(r"\bicon=\"([\w-]+)\""),
    re.compile(r"{%\s*nav_link\s+\"[^\"]+\"\s+\"[^\"]+\"\s+\"([\w-]+)\""),
    re.compile(r"{%\s*firstof\s+icon\s+\"([\w-]+)\""),
)
INLINE = re.compile(
    r"<style|<[^>]+\sstyle=|<[^>]+\son[a-z]+=|hx-on|javascript:|\|safe\b|autoescape off|js:\{", re.I
)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\b(src=|type=\"application/json\"))", re.I)


def name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_uses_only_known_icons(path: Path) -> None:
    source = path.read_text()
    used = {found for use in ICON_USES for found in use.findall(source)}

    assert used <= set(ICONS)


def test_activity_icons_are_known() -> None:
    assert set(ICON_OF_ACTIVITY.values()) <= set(ICONS)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_has_nothing_the_content_policy_refuses(path: Path) -> None:
    source = path.read_text()

    assert not INLINE.search(source)
    assert not INLINE_SCRIPT.search(source)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_comments_end_on_their_line(path: Path) -> None:
    """Django shows a `{# … #}` that spans lines to the reader."""
    assert all(line.count("{#") == line.count("#}") for line in path.read_text().splitlines())


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_compiles(path: Path) -> None:
    engines["django"].get_template(name(path))
