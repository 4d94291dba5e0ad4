"""What people did around a created record, which an undo of its creation must not bury."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.apps import apps

from crm.choices import OriginKind
from crm.models import Change, Record, Workspace
from crm.services.ledger import record_type

PEOPLE = (OriginKind.USER, OriginKind.API)


def worked_around(
    workspace: Workspace,
    model: type[Record],
    record_ids: Sequence[int],
    *,
    but_not: tuple[str, str],
) -> set[int]:
    """The records a person has since linked something to; `but_not` is the undone origin."""
    found: set[int] = set()
    for work, link in _links_to(model):
        rows = work._default_manager.filter(workspace=workspace, **{f"{link}__in": record_ids})
        about = dict(rows.values_list("pk", f"{link}_id"))
        if about:
            found |= _linked_by_people(workspace, (work, link), about, but_not)
    return found


def _links_to(model: type[Record]) -> Iterator[tuple[type[Record], str]]:
    """Every link of any record to the model: a note, a task, a deal … makes it somebody's work."""
    for work in apps.get_models():
        if not issubclass(work, Record):
            continue
        for field in work._meta.concrete_fields:
            if field.related_model is model:
                yield work, field.name


def _linked_by_people(
    workspace: Workspace,
    link: tuple[type[Record], str],
    about: Mapping[int, int],
    but_not: tuple[str, str],
) -> set[int]:
    """Of the records that rows are about (by row), those a person has set the link to."""
    work, name = link
    kind, origin_id = but_not
    written = Change.objects.filter(
        workspace=workspace,
        record_type=record_type(work),
        record_id__in=list(about),
        origin_kind__in=PEOPLE,
        diff__has_key=name,
    ).exclude(origin_kind=kind, origin_id=origin_id)
    pairs = written.values_list("record_id", "diff")
    return {about[row] for row, diff in pairs if diff[name][1] == about[row]}
