"""Reads bracket forms: `items[0][price]=price_1&expand[]=customer`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
PART = re.compile(r"\[([^\[\]]*)\]")

Tree = dict[str, Any]


def parse(text: str) -> Tree:
    """Nested dicts; lists stay dicts with the keys "0", "1" … until a checker asks for a list."""
    tree: Tree = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        match = KEY.fullmatch(key)
        path = [match[1], *PART.findall(match[2])] if match else [key]
        _put(tree, path, value)
    return tree


def _put(tree: Tree, path: list[str], value: str) -> None:
    *folders, last = path
    for name in folders:
        below = tree.setdefault(name or str(len(tree)), {})
        if not isinstance(below, dict):
            return
        tree = below
    tree[last or str(len(tree))] = value
