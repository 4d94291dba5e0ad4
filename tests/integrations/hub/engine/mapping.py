"""Edits of the mapping in the middle of everything: the row of one field of ours, by its words."""

from __future__ import annotations

from typing import Any

from integrations.hub.mapping.edits import field_create, field_delete, field_update
from integrations.hub.merge import Rule
from integrations.hub.models import Connection, FieldMapping
from integrations.hub.streams import ExternalField
from tests.integrations.hub.engine.people import OBJECT, THEIRS

PATH = "title"
FIELDS = [ExternalField(name, name) for name in ("email", *THEIRS)]
CHANGES: dict[str, dict[str, Any]] = {
    "both": {"direction": "both"},
    "pull": {"direction": "pull"},
    "push": {"direction": "push"},
    "other": {"external": "last_name"},
    "own": {"external": "title"},
    "off": {"is_enabled": False},
    "on": {"is_enabled": True},
    **{rule.value: {"rule": rule.value} for rule in Rule},
}
EDITS = ("gone", "back", *CHANGES)
# Those that make it another pair of fields, or none: what an admin does beside a worker.
REMAPS = ("other", "own", "off", "on", "gone", "back")


def mapping_edit(connection: Connection, rule: Rule, edit: str) -> None:
    """An admin edits the row of the title; nothing happens where that makes no sense."""
    row = FieldMapping.objects.filter(connection=connection, path=PATH).first()
    if edit == "gone" and row is not None:
        field_delete(row, actor=None)
    elif edit == "back" and row is None:
        stream = connection.declaration.stream(OBJECT)
        assert stream is not None
        values = {"path": PATH, "external": PATH, "rule": rule.value}
        field_create(connection, stream, values=values, actor=None, fields=FIELDS)
    elif edit in CHANGES and row is not None:
        field_update(row, values=CHANGES[edit], actor=None, fields=FIELDS)
