"""Which call does what: method and path of every act, changeable per connection; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from integrations.rest_crm.lines import Line, LineError, lines_by_name

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
PATH = re.compile(r"(?:/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*|\{id\}))+/?")
NAMES_ONE = ("update", "delete", "activity")


class UnusableId(ValueError):
    """An external id that cannot stand in a path."""


@dataclass(frozen=True)
class Endpoint:
    """One call; `{id}` in the path is the other side's id."""

    method: str
    path: str

    def path_of(self, external_id: str = "") -> str:
        """Raises UnusableId; dots alone would lead to another address."""
        if "{id}" not in self.path:
            return self.path
        if not external_id.strip() or external_id in (".", ".."):
            raise UnusableId(f"{external_id!r} cannot be the id in {self.path}.")
        return self.path.replace("{id}", quote(external_id, safe=""))


def endpoints_parse(text: str, *, default: str) -> dict[str, Endpoint]:
    """By act, such as `lead.create`; `name =` switches one off. Raises LineError."""
    changed = lines_by_name(text)
    known = lines_by_name(default)
    for line in changed.values():
        if line.name not in known:
            raise LineError(line.number, f"{line.name!r} is no call: {', '.join(known)}.")
    lines: Mapping[str, Line] = {**known, **changed}
    return {name: _endpoint(line) for name, line in lines.items() if line.values}


def _endpoint(line: Line) -> Endpoint:
    method, _, path = line.values[0].partition(" ")
    path = path.strip()
    if len(line.values) != 1 or method.upper() not in METHODS or not PATH.fullmatch(path):
        raise LineError(
            line.number, f"write a method and a path, such as {line.name} = POST /leads."
        )
    wants_id = line.name.endswith(NAMES_ONE)
    if wants_id != ("{id}" in path) or path.count("{id}") > 1:
        said = "needs {id} once in its path" if wants_id else "has no {id} in its path"
        raise LineError(line.number, f"{line.name} {said}.")
    return Endpoint(method.upper(), path)
