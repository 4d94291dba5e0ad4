"""The last look: no secret of the walk lies in clear in the database's files or in a log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from nexa.demo.check.browser import CheckFailed
from nexa.demo.check.selling import SECOND_KEY
from nexa.demo.check.walk import Walk

# What vendors' keys look like, ours aside.
KEY_SHAPES = re.compile(rb"\b(?:sk|rk)_(?:test|live)_\w{4,}|\bwhsec_[\w+/=-]{8,}")
ENDING_KEPT = 200  # a secret may straddle two pieces of a file
PIECE = 4 * 1024 * 1024


def no_secret_in_clear(walk: Walk) -> str:
    secrets = [secret.encode() for secret in _secrets(walk)]
    seen = 0
    for path in _files(walk.plan.folder):
        seen += 1
        for piece in _pieces(path):
            shape = KEY_SHAPES.search(piece)
            if shape or any(secret in piece for secret in secrets):
                raise CheckFailed(f"a secret lies in clear in {path}")
    return f"{len(secrets)} secrets and every key's shape in none of {seen} files"


def _secrets(walk: Walk) -> Iterator[str]:
    """Ours, the people's, and the key that was typed in."""
    made = json.loads((walk.plan.folder / "secrets.json").read_text(encoding="utf-8"))
    yield from made.values()
    yield from (walk.salesperson.password, walk.operator.password, SECOND_KEY)


def _files(folder: Path) -> Iterator[Path]:
    """The database's own files, write-ahead log included, and every log."""
    for part in ("postgresql/cluster", "logs"):
        for path in (folder / part).rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            ending = b""
            while piece := file.read(PIECE):
                yield ending + piece
                ending = piece[-ENDING_KEPT:]
    except FileNotFoundError:
        return  # the server removed it meanwhile
