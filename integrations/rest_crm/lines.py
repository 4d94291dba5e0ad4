"""Settings that are lists: `ours = theirs, alternative`, one a line or parted by semicolons."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_LIST = 20_000


class LineError(ValueError):
    """A line of a setting that cannot be used; `str()` names its number."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(f"Line {number}: {words}")


@dataclass(frozen=True)
class Line:
    """One entry and where it stands."""

    number: int
    name: str
    values: tuple[str, ...]


def lines_parse(text: str) -> list[Line]:
    """Empty lines and those that begin with # are skipped. Raises LineError.

    `name =` with nothing behind it is an entry without values: it switches a default off.
    """
    if len(text) > LONGEST_LIST:
        raise LineError(1, f"at most {LONGEST_LIST} characters can be kept.")
    lines: list[Line] = []
    for number, raw in enumerate(re.split(r"[;\n]", text), start=1):
        entry = raw.strip()
        if entry and not entry.startswith("#"):
            lines.append(_line(number, entry))
    return lines


def _line(number: int, entry: str) -> Line:
    name, equals, rest = entry.partition("=")
    if not equals or not name.strip():
        raise LineError(number, f"{entry[:60]!r} is not of the form: ours = theirs.")
    values = [value.strip() for value in rest.split(",")] if rest.strip() else []
    if not all(values):
        raise LineError(number, "there is nothing between two commas.")
    return Line(number, name.strip(), tuple(values))


def lines_by_name(text: str) -> dict[str, Line]:
    """Raises LineError when a name stands twice."""
    found: dict[str, Line] = {}
    for line in lines_parse(text):
        if line.name in found:
            first = found[line.name].number
            raise LineError(line.number, f"{line.name!r} stands in line {first} already.")
        found[line.name] = line
    return found
