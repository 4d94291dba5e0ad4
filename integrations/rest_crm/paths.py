"""Dotted paths into plain JSON: how a field map and a template name a place; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

Path = tuple[str, ...]

PATH = re.compile(r"[A-Za-z0-9_@$-]+(?:\.[A-Za-z0-9_@$-]+)*")


class _Missing:
    """Nothing stands there, which is not the same as null."""

    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()


def path_parse(text: str) -> Path:
    """`location.city` as its steps; raises ValueError with words."""
    if not PATH.fullmatch(text):
        raise ValueError(f"{text!r} is no path: names joined by dots, such as location.city.")
    return tuple(text.split("."))


def path_words(path: Path) -> str:
    return ".".join(path)


def path_find(content: Any, path: Path) -> Any:
    """What stands at a path, or MISSING; looks into objects and lists only, never at attributes."""
    for step in path:
        if isinstance(content, Mapping):
            content = content.get(step, MISSING)
        elif isinstance(content, list | tuple):
            is_index = step.isascii() and step.isdecimal() and len(step) < 7
            content = content[int(step)] if is_index and int(step) < len(content) else MISSING
        else:
            return MISSING
    return content
