"""The examples that a look at a stream has kept, in words: records, people and choices by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.hub.conflict_lines import field_words
from integrations.hub.models import Connection, SyncState
from integrations.hub.subjects import model_of_type
from integrations.hub.value_words import (
    OurValue,
    TheirValue,
    labels_of,
    names_of,
    our_words,
    their_words,
)

SIDES: Final = {"ours": "Ours stays", "theirs": "Theirs is taken"}
WAITS: Final = "A person decides"
# What would be taken over is kept as it would be here; elsewhere as the vendor spells it.
AS_TAKEN: Final = frozenset({"created", "updated"})
# The fields that a record is called by, the first that hold something.
NAMES: Final = (("first_name", "last_name"), ("name",), ("subject",), ("title",), ("email",))
Sample = Mapping[str, Any]


@dataclass(frozen=True)
class FieldLine:
    """One field of a sample, in words."""

    label: str
    ours: str
    theirs: str
    winner: str


@dataclass(frozen=True)
class SampleLine:
    """One thing of theirs, or record of ours, and what would happen to it."""

    name: str
    message: str
    fields: list[FieldLine]


class SampleWords:
    """The names that all examples of a page need, looked up at once."""

    def __init__(
        self, connection: Connection, kept: Iterable[tuple[SyncState, str, Sample]]
    ) -> None:
        ours: list[OurValue] = []
        theirs: list[TheirValue] = []
        records: list[tuple[str, int]] = []
        for state, sort, one in kept:
            if one.get("local_id"):
                records.append((state.record_type, one["local_id"]))
            for each in one.get("fields", ()):
                for value in _values(state, sort, each):
                    ours.append(value) if isinstance(value, OurValue) else theirs.append(value)
        self.names = names_of({connection.workspace_id}, ours, records)
        self.labels = labels_of(theirs) if theirs else {}

    def line(self, state: SyncState, sort: str, one: Sample) -> SampleLine:
        kind = state.record_type
        name = self.record(kind, one.get("local_id")) or _their_name(one)
        message = one.get("message", "")
        fields = []
        for each in one["fields"]:
            label = field_words(kind, each["field"]) if kind else each["field"]
            ours, theirs = (self._words(value) for value in _values(state, sort, each))
            fields.append(FieldLine(label, ours, theirs, SIDES.get(each["winner"], WAITS)))
        return SampleLine(name, "" if message == name else message, fields)

    def record(self, record_type: str, pk: int | None) -> str:
        """A record of ours by its name; by its number where it is gone."""
        model = model_of_type(record_type)
        if not pk or model is None:
            return f"Our record {pk}" if pk else ""
        return self.names.get((model, pk), f"Our record {pk}")

    def _words(self, value: OurValue | TheirValue) -> str:
        if isinstance(value, OurValue):
            return our_words(value, self.names)
        return their_words(value, self.labels)


def _their_name(one: Sample) -> str:
    """What theirs will be called here, with its id there; the id where nothing names it."""
    values = {each["field"]: each["theirs"] for each in one["fields"]}
    found = (" ".join(str(values[path]) for path in paths if values.get(path)) for paths in NAMES)
    name = next((words for words in found if words), "")
    return f"{name} ({one['external_id']})" if name else str(one["external_id"])


def _values(
    state: SyncState, sort: str, each: Mapping[str, Any]
) -> Sequence[OurValue | TheirValue]:
    path = each["field"]
    ours = OurValue(state.record_type, path, each["ours"])
    if sort in AS_TAKEN:
        return ours, OurValue(state.record_type, path, each["theirs"])
    return ours, TheirValue(state.connection_id, state.object, path, each["theirs"])
