"""Builds an index in a migration while people go on working; needs `atomic = False`."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class BuildIndex(AddIndexConcurrently):
    """Builds the index unless it is there; what a build that broke off left behind goes first."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        is_valid = _is_valid(schema_editor, self.index.name)
        if is_valid:
            return
        if is_valid is False:
            self.database_backwards(app_label, schema_editor, to_state, from_state)
        super().database_forwards(app_label, schema_editor, from_state, to_state)


def _is_valid(schema_editor: BaseDatabaseSchemaEditor, name: str) -> bool | None:
    """None when there is no index of the name."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
            "WHERE relname = %s AND pg_table_is_visible(indexrelid)",
            [name],
        )
        found = cursor.fetchone()
    return found[0] if found else None
