"""Status and source maps: the first value is sent, every value is understood; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from integrations.rest_crm.lines import Line, LineError, lines_by_name


class UnknownValue(ValueError):
    """A value that the map does not have; `str()` names it for a person."""


@dataclass(frozen=True)
class ValueMap:
    """Ours to theirs; an open map passes on what it does not have, a closed one refuses it."""

    theirs: Mapping[str, tuple[str, ...]]
    is_open: bool = False

    def to_theirs(self, ours: str) -> str:
        """Raises UnknownValue."""
        known = self.theirs.get(ours)
        if known:
            return known[0]
        if self.is_open:
            return ours
        raise UnknownValue(f"{ours!r} has no value at the other side; add it to the map.")

    def to_ours(self, theirs: str) -> str:
        """Raises UnknownValue. Case and outer blanks do not matter."""
        wanted = _folded(theirs)
        for ours, values in self.theirs.items():
            if wanted in map(_folded, values):
                return ours
        if self.is_open:
            return theirs.strip()
        raise UnknownValue(f"{theirs!r} is in no line of the map.")


def value_map_parse(
    text: str, *, default: str, allowed: Collection[str] = (), is_open: bool = False
) -> ValueMap:
    """The default's lines, replaced where `text` names the same value. Raises LineError."""
    changed = lines_by_name(text)
    lines = {**lines_by_name(default), **changed}
    for line in changed.values():
        if allowed and line.name not in allowed:
            raise LineError(
                line.number, f"{line.name!r} is none of ours: {', '.join(sorted(allowed))}."
            )
    _check_once(lines, changed)
    return ValueMap({name: line.values for name, line in lines.items() if line.values}, is_open)


def _check_once(lines: Mapping[str, Line], changed: Mapping[str, Line]) -> None:
    """The person's own lines come last, so that one of theirs is named."""
    seen: dict[str, Line] = {}
    for line in sorted(lines.values(), key=lambda line: line.name in changed):
        for value in line.values:
            holder = seen.setdefault(_folded(value), line)
            if holder is not line:
                raise LineError(
                    line.number, f"{value!r} means {holder.name!r} and {line.name!r} at once."
                )


def _folded(value: str) -> str:
    return value.strip().casefold()
