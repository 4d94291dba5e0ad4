"""Checks that records link into their own workspace only, to its members and to live records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import connection, models

from crm.models import Membership, OwnedRecord, Record, User, Workspace
from crm.services.columns import Column
from crm.services.errors import InvalidRecord, WrongWorkspace
from crm.services.origin import PEOPLE, Origin


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


def alive_ids(workspace: Workspace, model: type[models.Model], ids: set[int]) -> set[int]:
    """Those of the ids that a record of the workspace may link to."""
    if issubclass(model, User):
        return members_of(workspace.pk, ids)
    return _present_ids(model, workspace if issubclass(model, Record) else None, ids)


def members_of(workspace_id: int, user_ids: Collection[int]) -> set[int]:
    """Those of the people who are members of the workspace."""
    members = Membership.objects.filter(workspace_id=workspace_id, user__in=user_ids)
    return set(members.values_list("user_id", flat=True))


def members_require(people: Mapping[str, User], members: Collection[int]) -> None:
    """Raise InvalidRecord for a link to a person who is none of the `members`."""
    errors = {
        name: [f"{person} is not a member of this workspace."]
        for name, person in people.items()
        if person.pk not in members
    }
    if errors:
        raise InvalidRecord(errors)


def alive_require(values: Mapping[str, Any], origin: Origin) -> None:
    """Raise InvalidRecord when a person newly links to an archived record.

    Machines may: a payment for an archived company has happened all the same.
    """
    if origin.kind not in PEOPLE:
        return
    errors = {
        name: [f"{linked} is archived. Restore it first, or choose another."]
        for name, linked in values.items()
        if isinstance(linked, OwnedRecord) and linked.is_archived
    }
    if errors:
        raise InvalidRecord(errors)


def _check(workspace: Workspace, model: type[models.Model], ids: set[int]) -> None:
    missing = ids - alive_ids(workspace, model, ids)
    if not missing:
        return
    if issubclass(model, User):
        said = f"{len(missing)} of the people named are not members of this workspace."
        raise InvalidRecord({"owner": [said]})
    raise WrongWorkspace(f"A {model._meta.verbose_name} named is not of this workspace.")


def _present_ids(model: type[models.Model], workspace: Workspace | None, ids: set[int]) -> set[int]:
    """One array parameter, for Django's IN spells out every id."""
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"SELECT id FROM {table} WHERE id = ANY(%s)"  # noqa: S608 - a model's own name
    parameters: list[Any] = [list(ids)]
    if workspace is not None:
        statement += " AND workspace_id = %s"
        parameters.append(workspace.pk)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return {int(pk) for (pk,) in cursor.fetchall()}
