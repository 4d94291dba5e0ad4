"""Writes many records at once, with their ledger rows, set by set; for imports and pulls.

Values must be clean already (crm.services.cleaning says what that means) and follow the entity's
own rules; links are checked here, and the database's constraints hold as ever. `changed` is sent
once per call. Give a few thousand rows at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from crm.choices import ChangeAction
from crm.models import Record, Workspace
from crm.services.bulk_ledger import ledger_copy
from crm.services.bulk_updates import records_update
from crm.services.columns import Column, columns_named, columns_of, quoted
from crm.services.copying import ids_take, rows_copy
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX
from crm.services.links import links_check
from crm.services.origin import Origin
from crm.services.refusals import refused_in_words

__all__ = ["records_create", "records_update"]

Row = Mapping[str, Any]


@refused_in_words()
@transaction.atomic
def records_create(
    model: type[Record], *, workspace: Workspace, rows: Sequence[Row], origin: Origin
) -> list[int]:
    """Create a record per row, in order; their ids.

    All or nothing: raises InvalidRecord or WrongWorkspace.
    """
    if not rows:
        return []
    columns = columns_named(model, {name for row in rows for name in row})
    links_check(workspace, columns, rows)
    ids = ids_take(model, len(rows))
    _rows_store(model, workspace, columns, ids=ids, rows=rows)
    diffs, fields = _created_diffs(columns, rows)
    ledger_copy(
        model,
        workspace=workspace,
        action=ChangeAction.CREATED,
        record_ids=ids,
        diffs=diffs,
        fields=fields,
        origin=origin,
    )
    return ids


def _rows_store(
    model: type[Record],
    workspace: Workspace,
    columns: Mapping[str, Column],
    *,
    ids: Sequence[int],
    rows: Iterable[Row],
) -> None:
    given = {column.name for column in columns.values()}
    filled = [
        column
        for column in columns_of(model).values()
        if column.name not in given and not column.is_optional
    ]
    names = ["id", "workspace_id", *(column.attname for column in (*columns.values(), *filled))]
    takes = [
        (name, column.stored, column.stored(column.default())) for name, column in columns.items()
    ]
    rest = [column.stored(column.default()) for column in filled]
    rows_copy(
        model,
        names,
        (
            (
                pk,
                workspace.pk,
                *[
                    value if type(value := row.get(name, missing)) is str else stored(value)
                    for name, stored, missing in takes
                ],
                *rest,
            )
            for pk, row in zip(ids, rows, strict=True)
        ),
    )


def _created_diffs(
    columns: Mapping[str, Column], rows: Iterable[Row]
) -> tuple[list[str], frozenset[str]]:
    """The diff of each row as JSON text, built by hand because it is most of the work."""
    custom = next((name for name, column in columns.items() if column.name == CUSTOM), None)
    tellers: list[tuple[str, str, Callable[[Any], str]]] = [
        (name, f'"{column.name}": [null, ', column.told)
        for name, column in columns.items()
        if name != custom
    ]
    diffs, seen = [], set()
    for row in rows:
        told = []
        for name, head, tell in tellers:
            value = row.get(name)
            # Zero and no are values; empty text, lists and objects are not.
            if value or value == 0:
                told.append(f"{head}{quoted(value) if type(value) is str else tell(value)}]")
                seen.add(name)
        for key, value in (row.get(custom) or {}).items() if custom else ():
            told.append(f"{json.dumps(CUSTOM_PREFIX + key)}: [null, {json.dumps(value)}]")
            seen.add(CUSTOM_PREFIX + key)
        diffs.append(f"{{{', '.join(told)}}}")
    return diffs, frozenset(columns[name].name if name in columns else name for name in seen)
