"""The floor of the import bench: COPY of rows that are parsed already, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db import transaction

from crm.models import Account, Contact, Record, Workspace
from crm.services.columns import columns_of
from crm.services.copying import ids_take, rows_copy
from imports.choices import ImportObject
from imports.formats import CsvRows, Cursor
from imports.headers import columns_guess
from imports.mapping import Incoming, RowMapper
from imports.transforms import Surroundings


def floor_seconds(workspace: Workspace, path: Path, headers: Sequence[str]) -> float:
    """Seconds of the two COPY statements in one transaction, into tables with all indexes."""
    incoming = list(_parsed(path, headers, workspace))
    accounts: dict[str, dict[str, Any]] = {}
    for row in incoming:
        accounts.setdefault(row.account["name"], row.account)
    ids = dict(zip(accounts, ids_take(Account, len(accounts)), strict=True))
    contacts = [{**row.contact, "account": ids[row.account["name"]]} for row in incoming]
    account_rows = _rows(Account, workspace, accounts.values(), list(ids.values()))
    contact_rows = _rows(Contact, workspace, contacts, ids_take(Contact, len(contacts)))
    began = time.perf_counter()
    with transaction.atomic():
        rows_copy(Account, *account_rows)
        rows_copy(Contact, *contact_rows)
    return time.perf_counter() - began


def _parsed(path: Path, headers: Sequence[str], workspace: Workspace) -> Iterator[Incoming]:
    columns = columns_guess(headers, [], ImportObject.CONTACT)
    mapping = [
        {"index": column.index, "header": column.header, "field": column.field}
        for column in columns
    ]
    around = Surroundings(workspace.default_country, workspace.time_zone)
    mapper = RowMapper(mapping, import_object=ImportObject.CONTACT, around=around)
    with path.open("rb") as file:
        rows = CsvRows(file, encoding="utf-8", delimiter=",", cursor=Cursor(0, 1, 1))
        for row in rows:
            if row.number > 1:
                yield mapper.map(row)


def _rows(
    model: type[Record], workspace: Workspace, values: Any, ids: Sequence[int]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Every column of the table, as COPY takes it."""
    columns = columns_of(model)
    names = ["id", "workspace_id", *(column.attname for column in columns.values())]
    rows = [
        (
            pk,
            workspace.pk,
            *[
                column.stored(given[name] if name in given else column.default())
                for name, column in columns.items()
            ],
        )
        for pk, given in zip(ids, values, strict=True)
    ]
    return names, rows
