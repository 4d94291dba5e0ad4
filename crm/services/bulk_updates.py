"""Updates many records at once, with their ledger rows: one read, one UPDATE, one COPY."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from crm.choices import ChangeAction
from crm.models import Record, Workspace
from crm.services.bulk_ledger import ledger_copy
from crm.services.columns import Column, columns_named
from crm.services.errors import WrongWorkspace
from crm.services.ledger import CUSTOM, Diff, custom_diff, json_value
from crm.services.links import links_check
from crm.services.origin import Origin
from crm.services.refusals import refused_in_words

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Rewrite:
    """One record's new values, in JSON form by column, and what they change."""

    record_id: int
    values: dict[str, Any]
    diff: Diff


@refused_in_words()
@transaction.atomic
def records_update(
    model: type[Record],
    *,
    workspace: Workspace,
    updates: Sequence[tuple[int, Values]],
    origin: Origin,
    action: ChangeAction = ChangeAction.UPDATED,
) -> list[int]:
    """Write each id's values; the ids of the records that changed by it.

    A `custom` object is written over the present one, key by key. The rows are locked first, in
    the order of their ids. All or nothing: raises InvalidRecord or WrongWorkspace.
    """
    if not updates:
        return []
    columns = columns_named(model, {name for _, values in updates for name in values})
    links_check(workspace, columns, [values for _, values in updates])
    wanted = _by_record(updates, columns)
    rewrites = [
        rewrite
        for record_id, present in _present(model, workspace, wanted, columns.values())
        if (rewrite := _rewrite(record_id, present, wanted[record_id])).diff
    ]
    return rewrites_store(
        model,
        workspace=workspace,
        columns=columns.values(),
        rewrites=rewrites,
        origin=origin,
        action=action,
    )


def rewrites_store(
    model: type[Record],
    *,
    workspace: Workspace,
    columns: Iterable[Column],
    rewrites: Sequence[Rewrite],
    origin: Origin,
    action: ChangeAction = ChangeAction.UPDATED,
) -> list[int]:
    """Write rewrites of rows that the caller has locked; their ids.

    Each has a value for every one of the `columns`.
    """
    _store(model, columns, rewrites)
    ids = [rewrite.record_id for rewrite in rewrites]
    ledger_copy(
        model,
        workspace=workspace,
        action=action,
        record_ids=ids,
        diffs=[json.dumps(rewrite.diff) for rewrite in rewrites],
        fields=frozenset(name for rewrite in rewrites for name in rewrite.diff),
        origin=origin,
    )
    return ids


def _by_record(
    updates: Iterable[tuple[int, Values]], columns: Mapping[str, Column]
) -> dict[int, dict[str, Any]]:
    """By id and field name, in JSON form; of two updates of one record the later counts."""
    wanted: dict[int, dict[str, Any]] = defaultdict(dict)
    for record_id, values in updates:
        for name, value in values.items():
            wanted[record_id][columns[name].name] = json_value(value)
    return wanted


def _present(
    model: type[Record],
    workspace: Workspace,
    wanted: Mapping[int, Values],
    columns: Iterable[Column],
) -> list[tuple[int, dict[str, Any]]]:
    found = rows_lock(model, workspace, wanted, columns)
    if len(found) != len(wanted):
        raise WrongWorkspace(f"A {model._meta.verbose_name} named is not of this workspace.")
    return found


def rows_lock(
    model: type[Record],
    workspace: Workspace,
    ids: Collection[int],
    columns: Iterable[Column],
) -> list[tuple[int, dict[str, Any]]]:
    """The present values in JSON form, by field name, of those that there are, now locked."""
    names = {column.name: column.attname for column in columns}
    rows = (
        model._default_manager.filter(workspace=workspace, pk__in=list(ids))
        .select_for_update(no_key=True)
        .order_by("pk")
        .values_list("pk", *names.values())
    )
    return [(pk, dict(zip(names, map(json_value, rest), strict=True))) for pk, *rest in rows]


def _rewrite(record_id: int, present: dict[str, Any], wanted: Values) -> Rewrite:
    values = dict(present)
    diff: Diff = {}
    for name, new in wanted.items():
        old = present[name]
        if name == CUSTOM:
            merged = {**old, **new}
            new = {key: value for key, value in merged.items() if value is not None}
            diff |= custom_diff(old, new)
        elif old != new:
            diff[name] = [old, new]
        values[name] = new
    return Rewrite(record_id, values, diff)


def _store(model: type[Record], columns: Iterable[Column], rewrites: Sequence[Rewrite]) -> None:
    """One UPDATE from a JSON document, whose values PostgreSQL reads by the columns' types."""
    if not rewrites:
        return
    quote = connection.ops.quote_name
    columns = list({column.name: column for column in columns}.values())
    names = [(quote(column.attname), column.sql_type) for column in columns]
    sets = ", ".join(f"{name} = given.{name}" for name, _ in names)
    types = ", ".join(f"{name} {sql_type}" for name, sql_type in names)
    statement = (
        f"UPDATE {quote(model._meta.db_table)} AS stored "  # noqa: S608 - names of our own models
        f"SET {sets}, version = stored.version + 1, updated_at = now() "
        f"FROM jsonb_to_recordset(%s::jsonb) AS given (id bigint, {types}) "
        "WHERE stored.id = given.id"
    )
    document = [
        {"id": rewrite.record_id, **{each.attname: rewrite.values[each.name] for each in columns}}
        for rewrite in rewrites
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(document)])
