"""Which character parts the columns of a file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from typing import Final

DELIMITERS: Final[dict[str, str]] = {
    ",": "Comma",
    ";": "Semicolon",
    "\t": "Tab",
    "|": "Bar",
}
SAMPLE_ROWS: Final = 50


def delimiter_sniff(lines: Sequence[str]) -> str:
    """The delimiter that cuts the most rows into the same number of columns; comma in doubt."""
    return max(DELIMITERS, key=lambda delimiter: _score(lines, delimiter))


def _score(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    widths = [len(row) for row in _rows(lines, delimiter) if any(row)]
    if not widths:
        return (0.0, 0)
    width, rows = Counter(widths).most_common(1)[0]
    header_fits = widths[0] == width
    return (rows / len(widths) + header_fits if width > 1 else 0.0, width)


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(iter(lines), delimiter=delimiter):
            rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # The reader proper reports it with its line.
    return rows
