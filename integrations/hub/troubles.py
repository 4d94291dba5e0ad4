"""What a stream could not keep in step, as its page counts and lists it.

Set aside: not kept in step at all for now, one of theirs, of ours, or a pair. With a problem: a
pair that is kept in step but for a field that cannot be translated or that the vendor did not take.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from crm.models import Record
from crm.selectors.pages import KeysFirstPaginator
from integrations.hub.conflict_lines import field_words
from integrations.hub.first_sync import stream_of
from integrations.hub.mapping.checks import path_refused
from integrations.hub.models import (
    FieldMapping,
    JobKind,
    JobState,
    LinkState,
    QuarantinedItem,
    SyncJob,
    SyncRecord,
    SyncState,
)
from integrations.hub.panels import record_systems_path
from integrations.hub.subjects import gone_words, model_of_type

PAGE_SIZE: Final = 25
# The step of a field's transform, and the page where its words or people are matched.
REMEDIES: Final = {
    "owner": ("People", "hub:people_list"),
    "picklist": ("Values", "hub:value_list"),
    "reference": ("Values", "hub:value_list"),
}


@dataclass(frozen=True)
class ProblemLine:
    """One pair: what is wrong by field, and the pages, by name, that mend it."""

    record: str
    url: str
    their_id: str
    fields: list[tuple[str, str]]
    remedies: list[tuple[str, str]]


def items_aside(state: SyncState) -> QuerySet[QuarantinedItem]:
    rows = QuarantinedItem.objects.filter(connection=state.connection_id, object=state.object)
    return rows.order_by("pk")


def pairs_aside(state: SyncState) -> QuerySet[SyncRecord]:
    return _links(state).filter(state=LinkState.QUARANTINED).order_by("pk")


def set_aside_count(state: SyncState) -> int:
    return items_aside(state).count() + pairs_aside(state).count()


def given_up(state: SyncState) -> QuerySet[SyncJob]:
    """Jobs about things of theirs of the stream, or about records of ours that it is for."""
    pushes = Q(kind=JobKind.PUSH, record_type=state.record_type)
    stream, model = stream_of(state), model_of_type(state.record_type)
    if stream is not None and stream.of and model is not None:
        # One look for each dead job: a list of the records within an OR is read for each of them.
        records = model._default_manager.filter(
            workspace=state.connection.workspace_id, pk=OuterRef("record_id"), **stream.of
        )
        pushes &= Q(Exists(records))
    about = pushes | Q(kind=JobKind.INBOUND, object=state.object)
    return SyncJob.objects.filter(about, connection=state.connection_id, state=JobState.DEAD)


def troubled_links(state: SyncState) -> QuerySet[SyncRecord]:
    """Pairs with a problem, the oldest first."""
    rows = _links(state).filter(state=LinkState.ACTIVE).exclude(problems={})
    return rows.order_by("pk")


def rows_refused(state: SyncState) -> list[FieldMapping]:
    """Rows of the stream's mapping whose field of ours may not be read."""
    stream = stream_of(state)
    rows = FieldMapping.objects.filter(connection=state.connection_id, object=state.object)
    return [row for row in rows if path_refused(row, stream)] if stream is not None else []


def troubled_page(state: SyncState, number: str | None) -> Page[SyncRecord]:
    return KeysFirstPaginator(troubled_links(state), PAGE_SIZE).get_page(number)


def problem_lines(state: SyncState, links: Sequence[SyncRecord]) -> list[ProblemLine]:
    """Two queries, however many there are."""
    if not links:
        return []
    records = records_of(state, {link.local_id for link in links})
    remedies = _remedies(state)
    return [_line(state, link, records.get(link.local_id), remedies) for link in links]


def _line(
    state: SyncState, link: SyncRecord, record: Record | None, remedies: dict[str, tuple[str, str]]
) -> ProblemLine:
    fields = [(field_words(state.record_type, path), said) for path, said in link.problems.items()]
    found = {remedies[path] for path in link.problems if path in remedies}
    return ProblemLine(
        record=str(record) if record else gone_words(state.record_type),
        url=record_systems_path(record) if record else "",
        their_id=link.external_id,
        fields=fields,
        remedies=sorted(found),
    )


def _links(state: SyncState) -> QuerySet[SyncRecord]:
    return SyncRecord.objects.filter(connection=state.connection_id, object=state.object)


def records_of(state: SyncState, ids: Collection[int]) -> dict[int, Record]:
    model: Any = model_of_type(state.record_type)
    if model is None:
        return {}
    rows = model._default_manager.filter(workspace=state.connection.workspace_id, pk__in=ids)
    return {row.pk: row for row in rows}


def _remedies(state: SyncState) -> dict[str, tuple[str, str]]:
    """By field of ours, where its values or people are matched: the page's name and address."""
    rows = FieldMapping.objects.filter(connection=state.connection_id, object=state.object)
    found = {}
    for path, transform in rows.values_list("path", "transform"):
        for kind in (step.get("kind") for step in transform):
            if kind in REMEDIES:
                words, name = REMEDIES[kind]
                found[path] = (words, reverse(name, args=[state.connection_id]))
    return found
