"""Checks, one query per linked model, that rows of a set link into their own workspace only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, models

from crm.models import Membership, Record, User, Workspace
from crm.services.columns import Column
from crm.services.errors import InvalidRecord, WrongWorkspace


def links_check(
    workspace: Workspace, columns: Mapping[str, Column], rows: Iterable[Mapping[str, Any]]
) -> None:
    """Raise WrongWorkspace for a record elsewhere, InvalidRecord for a person who is no member."""
    linked: dict[type[models.Model], set[int]] = defaultdict(set)
    names = [(name, column.link) for name, column in columns.items() if column.link is not None]
    checked = [(name, model) for name, model in names if name not in ("actor", "actor_id")]
    if not checked:
        return
    for row in rows:
        for name, model in checked:
            value = row.get(name)
            if value is not None:
                linked[model].add(value.pk if isinstance(value, models.Model) else value)
    for model, ids in linked.items():
        _check(workspace, model, ids)


def _check(workspace: Workspace, model: type[models.Model], ids: set[int]) -> None:
    if issubclass(model, User):
        members = Membership.objects.filter(workspace=workspace, user__in=ids)
        strangers = ids - set(members.values_list("user_id", flat=True))
        if strangers:
            said = f"{len(strangers)} of the people named are not members of this workspace."
            raise InvalidRecord({"owner": [said]})
    elif issubclass(model, Record) and _count_ours(workspace, model, ids) != len(ids):
        raise WrongWorkspace(f"A {model._meta.verbose_name} named is not of this workspace.")


def _count_ours(workspace: Workspace, model: type[Record], ids: set[int]) -> int:
    """One array parameter, for Django's IN spells out every id."""
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"SELECT count(*) FROM {table} WHERE workspace_id = %s AND id = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [workspace.pk, list(ids)])
        return int(cursor.fetchone()[0])
