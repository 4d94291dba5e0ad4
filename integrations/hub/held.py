"""What the page of a stream shows of what it holds back: counts, examples and the run it is of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.apps import apps
from django.db.models import QuerySet

from crm.choices import ChangeAction, OriginKind
from crm.models import Change
from integrations.hub.conflict_lines import field_words
from integrations.hub.models import LinkState, RunKind, RunStatus, SyncRecord, SyncRun, SyncState
from integrations.hub.sample_words import FieldLine, SampleLine
from integrations.hub.sync.missed import archived_links
from integrations.hub.sync.scene import scene_of
from integrations.hub.sync.undoing import run_origin_id, undo_asked

SHOWN = 20


@dataclass(frozen=True)
class HeldPart:
    """One thing that waits, or was done already: how many, and the first of them."""

    title: str
    count: int
    samples: list[SampleLine] = field(default_factory=list)


@dataclass(frozen=True)
class HeldBack:
    """All that a person needs to decide about a held stream; `run` can be undone."""

    parts: list[HeldPart]
    run: SyncRun | None


def held_back(state: SyncState) -> HeldBack:
    """A few queries, however much is held; raises Conflict where the provider has it no more."""
    links = SyncRecord.objects.filter(
        connection=state.connection_id,
        object=state.object,
        state=LinkState.ACTIVE,
        gone_at__isnull=False,
    )
    parts = [
        _links_part("Gone at the vendor", links, state),
        _links_part("Archived here, to be deleted there", archived_links(scene_of(state)), state),
    ]
    run = run_held(state)
    if run is not None and run.updated:
        parts.append(HeldPart("Overwritten here by the run", run.updated, _overwritten(run)))
    return HeldBack([part for part in parts if part.count], run)


def run_held(state: SyncState) -> SyncRun | None:
    """The newest pull, line of events or line of jobs, if it was stopped and nobody undoes it."""
    rows = SyncRun.objects.filter(connection=state.connection_id, object=state.object)
    newest = [
        rows.filter(kind__in=kinds).select_related("connection__workspace").order_by("-pk").first()
        for kinds in ((RunKind.PULL, RunKind.FULL), (RunKind.INBOX,), (RunKind.PUSH,))
    ]
    stopped = [run for run in newest if run is not None and run.status == RunStatus.HELD]
    open_ones = [run for run in stopped if not undo_asked(run)]
    return max(open_ones, key=lambda run: run.pk, default=None)


def _links_part(title: str, links: QuerySet[SyncRecord], state: SyncState) -> HeldPart:
    count = links.count()
    if not count:
        return HeldPart(title, 0)
    some = list(links.order_by("pk")[:SHOWN])
    names = _names(state.record_type, {link.local_id for link in some})
    return HeldPart(
        title,
        count,
        [SampleLine(names.get(link.local_id, link.external_id), "", []) for link in some],
    )


def _overwritten(run: SyncRun) -> list[SampleLine]:
    changes = Change.objects.filter(
        workspace=run.connection.workspace_id,
        origin_kind=OriginKind.CONNECTION,
        origin_id=run_origin_id(run),
        action=ChangeAction.UPDATED,
    ).order_by("pk")[:SHOWN]
    rows = list(changes)
    names: dict[tuple[str, int], str] = {}
    for record_type in {row.record_type for row in rows}:
        ids = {row.record_id for row in rows if row.record_type == record_type}
        found = _names(record_type, ids)
        names |= {(record_type, pk): name for pk, name in found.items()}
    return [_change_line(row, names) for row in rows]


def _change_line(row: Change, names: dict[tuple[str, int], str]) -> SampleLine:
    fields = [
        FieldLine(field_words(row.record_type, name), _words(old), _words(new), "Theirs was taken")
        for name, (old, new) in row.diff.items()
    ]
    return SampleLine(names.get((row.record_type, row.record_id), str(row.record_id)), "", fields)


def _names(record_type: str, ids: Collection[int]) -> dict[int, str]:
    if not record_type:
        return {}
    rows = apps.get_model("crm", record_type)._default_manager.filter(pk__in=ids)
    return {row.pk: str(row) for row in rows}


def _words(value: object) -> str:
    return "—" if value in (None, "", [], {}) else str(value)[:200]
