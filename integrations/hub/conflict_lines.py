"""Puts conflicts in words: the field, the record, and both values as people know them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.apps import apps

from crm.access import Action, is_allowed
from crm.models import Membership, OwnedRecord, Record
from crm.services.ledger import CUSTOM_PREFIX
from crm.views.history import LABELS, key_words
from integrations.hub.models import Connection, SyncConflict
from integrations.hub.models.mapping import rule_choices
from integrations.hub.subjects import gone_words, page_of
from integrations.hub.their_pages import their_page
from integrations.hub.value_words import (
    Labels,
    Names,
    OurValue,
    TheirValue,
    field_of,
    labels_of,
    names_of,
    our_words,
    their_words,
)


@dataclass(frozen=True)
class ConflictLine:
    """One conflict for a page: `url` is our record's page, `their_url` theirs; '' without one."""

    conflict: SyncConflict
    label: str
    record: str
    url: str
    their_url: str
    ours: str
    theirs: str
    base: str
    rule: str
    may_resolve: bool


def field_words(record_type: str, path: str) -> str:
    """A path of ours as people call the field."""
    if path.startswith(CUSTOM_PREFIX):
        return key_words(path.removeprefix(CUSTOM_PREFIX))
    name, _, rest = path.partition(".")
    field = field_of(record_type, name)
    words = LABELS.get(name) or key_words(str(getattr(field, "verbose_name", name)))
    return f"{words}: {key_words(rest).lower()}" if rest else words


def conflict_lines(
    conflicts: Iterable[SyncConflict], membership: Membership | None = None
) -> list[ConflictLine]:
    """In words; some queries for each type of record among them, however many there are.

    Without a membership it is an operator who looks, and no page of a workspace is linked.
    """
    rows = list(conflicts)
    records = _records(rows)
    ours = [
        OurValue(row.record_type, row.field, one) for row in rows for one in (row.ours, row.base)
    ]
    names = names_of({row.connection.workspace_id for row in rows}, ours)
    labels = labels_of([_theirs(row) for row in rows])
    return [
        _line(row, records.get((row.record_type, row.local_id)), names, labels, membership)
        for row in rows
    ]


def _line(
    row: SyncConflict,
    record: Record | None,
    names: Names,
    labels: Labels,
    membership: Membership | None,
) -> ConflictLine:
    return ConflictLine(
        conflict=row,
        label=field_words(row.record_type, row.field),
        record=str(record) if record is not None else gone_words(row.record_type),
        url=page_of(record) if membership is not None and record is not None else "",
        their_url=_their_url(row.connection, row),
        ours=our_words(OurValue(row.record_type, row.field, row.ours), names),
        theirs=their_words(_theirs(row), labels),
        base=our_words(OurValue(row.record_type, row.field, row.base), names),
        rule=dict(rule_choices()).get(row.rule, row.rule),
        may_resolve=record is None or _may(membership, record),
    )


def _theirs(row: SyncConflict) -> TheirValue:
    return TheirValue(row.connection_id, row.object, row.field, row.theirs)


def _may(membership: Membership | None, record: Record) -> bool:
    action = Action.EDIT if isinstance(record, OwnedRecord) else Action.EDIT_ANY
    return membership is None or is_allowed(membership, action, record)


def _their_url(connection: Connection, row: SyncConflict) -> str:
    try:
        stream = connection.declaration.stream(row.object)
    except KeyError:
        return ""
    return their_page(stream, connection, row.link.external_id)


def _records(rows: Sequence[SyncConflict]) -> dict[tuple[str, int], Record]:
    """The records themselves, of the connections' own workspaces."""
    wanted: dict[str, set[int]] = defaultdict(set)
    workspaces = {row.connection.workspace_id for row in rows}
    for row in rows:
        wanted[row.record_type].add(row.local_id)
    found: dict[tuple[str, int], Record] = {}
    for name, ids in wanted.items():
        model = apps.get_model("crm", name)
        records = model._default_manager.filter(pk__in=ids, workspace__in=workspaces)
        found.update({(name, record.pk): record for record in records})
    return found
