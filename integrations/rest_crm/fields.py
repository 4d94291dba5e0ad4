"""Field maps: where our fields stand in their bodies; the first place is written, all are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from integrations.rest_crm.lines import Line, LineError, lines_by_name
from integrations.rest_crm.paths import Path, path_parse, path_words
from integrations.rest_crm.templates import FILTERS, Filter, Placeholder, Template

# What a field of ours holds, and so how it is read.
Kind = Literal["text", "number", "list", "moment", "choice"]
# Given by the other side, never written.
GIVEN = frozenset({"external_id", "updated_at"})


@dataclass(frozen=True)
class FieldRule:
    """One field of ours; `theirs` are the places to look, in order."""

    ours: str
    kind: Kind
    theirs: tuple[Path, ...]
    filter: Filter = ""

    @property
    def is_written(self) -> bool:
        return self.ours not in GIVEN and bool(self.theirs)


@dataclass(frozen=True)
class FieldMap:
    """All fields of one object."""

    rules: tuple[FieldRule, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(rule.ours for rule in self.rules)

    def template(self) -> Template:
        """The body as the map has it, every field optional."""
        root: dict[str, Any] = {}
        for rule in self.rules:
            if rule.is_written:
                *parents, last = rule.theirs[0]
                place = root
                for step in parents:
                    place = place.setdefault(step, {})
                place[last] = Placeholder((rule.ours,), is_optional=True, filter=rule.filter)
        return Template(root)

    def with_places(self, places: Iterable[tuple[Path, Placeholder]]) -> FieldMap:
        """What a template writes is looked for there first."""
        written: dict[str, tuple[Path, ...]] = {}
        for path, placeholder in places:
            ours = path_words(placeholder.path)
            written[ours] = (*written.get(ours, ()), path)
        return FieldMap(
            tuple(
                FieldRule(
                    rule.ours,
                    rule.kind,
                    tuple(dict.fromkeys((*written.get(rule.ours, ()), *rule.theirs))),
                    rule.filter,
                )
                for rule in self.rules
            )
        )


def field_map_parse(text: str, *, default: str, kinds: Mapping[str, Kind]) -> FieldMap:
    """The default's lines, replaced where `text` names the same field. Raises LineError."""
    changed = lines_by_name(text)
    for line in changed.values():
        if line.name not in kinds:
            raise LineError(
                line.number, f"{line.name!r} is no field of ours: {', '.join(sorted(kinds))}."
            )
    lines = {**lines_by_name(default), **changed}
    rules = tuple(_rule(line, kinds[line.name]) for line in lines.values())
    _check_places(rules, lines)
    return FieldMap(rules)


def _rule(line: Line, kind: Kind) -> FieldRule:
    """A filter stands behind the first place: `preferred_areas = areas|join`."""
    places: list[Path] = []
    chosen: Filter = ""
    for number, value in enumerate(line.values):
        place, bar, name = (part.strip() for part in value.partition("|"))
        if bar:
            found: Filter | None = next((known for known in FILTERS if known == name), None)
            if found is None or number:
                raise LineError(
                    line.number, f"{value!r}: only the first place has a filter, of {FILTERS}."
                )
            chosen = found
        try:
            places.append(path_parse(place))
        except ValueError as error:
            raise LineError(line.number, str(error)) from error
    return FieldRule(line.name, kind, tuple(places), chosen)


def _check_places(rules: tuple[FieldRule, ...], lines: Mapping[str, Line]) -> None:
    """Two fields cannot be written at one place, nor one inside the other."""
    written = [rule for rule in rules if rule.is_written]
    for number, rule in enumerate(written):
        for other in written[:number]:
            one, two = rule.theirs[0], other.theirs[0]
            shorter = min(len(one), len(two))
            if one[:shorter] == two[:shorter]:
                raise LineError(
                    lines[rule.ours].number,
                    f"{path_words(one)} is written by {other.ours!r} already ({path_words(two)}).",
                )
