"""Forgets what both sides last agreed on in a field that is mapped to another one now."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection as database

from integrations.hub.models import Connection

# What stood in the old field of theirs is no former value of the new one: else a new field that is
# empty there would seem to have been emptied, and ours would follow.
_FORGET: Final = """
UPDATE hub_syncrecord SET base_ours = base_ours - %(path)s, base_theirs = base_theirs - %(path)s,
    revision = revision + 1
WHERE connection_id = %(connection)s AND object = %(object)s
  AND (jsonb_exists(base_ours, %(path)s) OR jsonb_exists(base_theirs, %(path)s))
"""


def bases_forget(connection: Connection, object: str, path: str) -> None:
    """The two sides meet in this field as for the first time; call it inside mapping_edited."""
    with database.cursor() as cursor:
        values: dict[str, Any] = {"path": path, "connection": connection.pk, "object": object}
        cursor.execute(_FORGET, values)
