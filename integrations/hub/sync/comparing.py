"""Holds things of theirs against links and our records, and writes nothing; see reconciling."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from integrations.hub.merge import Plan, plan
from integrations.hub.models import (
    JobKind,
    JobState,
    LinkState,
    SyncJob,
    SyncRecord,
)
from integrations.hub.streams import LONGEST_ID, RemoteRecord
from integrations.hub.sync import quarantine
from integrations.hub.sync.links import linked_ids, links_of
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.ours import pairs_load, states_of
from integrations.hub.sync.returning import returned_look
from integrations.hub.sync.scene import Scene

SAMPLES: Final = 20
# The gaps, with their words; a stream with any of them is not in step.
GAPS: Final = {
    "missing_here": "Missing here",
    "there_again": "There again, not linked again yet",
    "missing_there": "Missing there",
    "differing": "Different",
    "conflicts": "Waiting for a decision",
    "quarantined": "Set aside",
}
# Those that a repair has looked at anew.
MENDED: Final = ("missing_here", "there_again", "missing_there", "differing")
# What is known, wanted, or on its way.
OTHERS: Final = {
    "same": "In step",
    "accepted": "Different where the mapping lets them be",
    "gone_there": "Gone there, kept here",
    "unlinked": "Left alone",
    "pending": "On its way",
}
# Those that examples are kept of.
SHOWN: Final = {**GAPS, **{name: OTHERS[name] for name in ("accepted", "gone_there")}}


@dataclass
class Compared:
    """What was found so far; `repairs` of the batch at hand are theirs and ours to look at anew."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*GAPS, *OTHERS), 0))
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    theirs: list[str] = field(default_factory=list)
    ours: list[int] = field(default_factory=list)

    def add(
        self,
        sort: str,
        *,
        external_id: str = "",
        local_id: int | None = None,
        fields: Collection[str] = (),
    ) -> None:
        # Of a comparison at work since before an update, a sort may be missing.
        self.counts[sort] = self.counts.get(sort, 0) + 1
        if sort not in SHOWN:
            return
        kept = self.samples.setdefault(sort, [])
        if len(kept) < SAMPLES:
            ids = {"external_id": external_id, "local_id": local_id}
            kept.append({**ids, "fields": sorted(fields)})
        if sort in MENDED:
            self.theirs += [external_id] if external_id else []
            self.ours += [local_id] if local_id is not None else []

    def repairs_take(self) -> tuple[list[str], list[int]]:
        taken = self.theirs, self.ours
        self.theirs, self.ours = [], []
        return taken

    @property
    def percent(self) -> float:
        """Rounded down: a hundred is said of nothing less."""
        good = self.counts["same"] + self.counts["accepted"]
        bad = sum(self.counts.get(name, 0) for name in GAPS)
        return int(10_000 * good / (good + bad)) / 100 if bad else 100.0

    def as_json(self) -> dict[str, Any]:
        return {"counts": self.counts, "samples": self.samples}


def page_compare(scene: Scene, records: Sequence[RemoteRecord], found: Compared) -> list[int]:
    """Add the page to `found`; the numbers of the links that were seen."""
    alive = {one.id: one for one in records if not one.is_deleted}
    scene.tables.prefetch_theirs(scene.mapper, list(alive.values()))
    former = {old: one.id for one in alive.values() for old in one.former_ids}
    links = links_of(scene, [*alive, *former])
    aside = set(quarantine.theirs_kept(scene, alive))
    aside |= {one for one in alive if len(one) > LONGEST_ID}
    for external_id in alive:
        if external_id not in links:
            sort = "quarantined" if external_id in aside else "missing_here"
            found.add(sort, external_id=external_id)
    linked = {name: link for name, link in links.items() if name in alive}
    links_compare(scene, linked, alive, found)
    return [link.pk for link in links.values()]


def links_compare(
    scene: Scene,
    links: Mapping[str, SyncRecord],
    records: Mapping[str, RemoteRecord],
    found: Compared,
) -> None:
    """Add these links; one without a record in `records` is missing there."""
    pairs = pairs_load(scene, [link.pk for link in links.values()])
    states = states_of(scene, pairs)
    waiting = _waiting(scene, [link.local_id for link in links.values()])
    returned = returned_look(scene, [links[name] for name in records.keys() & links.keys()])
    for external_id, link in links.items():
        add = partial(found.add, external_id=external_id, local_id=link.local_id)
        record, pair = records.get(external_id), pairs.get(link.pk)
        if link.pk in returned.back:
            add("there_again")
        elif link.pk in returned.strangers:
            add("missing_here")
        elif link.state != LinkState.ACTIVE:
            is_aside = link.state == LinkState.QUARANTINED
            add("quarantined" if is_aside else "unlinked")
        elif link.local_id in waiting:
            add("pending")
        elif record is None:
            add("missing_there")
        elif pair is None or record_is_archived(pair.record):
            add("missing_here")
        else:
            state = states[link.pk]
            planned = plan(
                scene.fields,
                state.ours,
                scene.theirs(record),
                state.base,
                intents=state.intents,
                decisions=state.decisions,
            )
            add(_sort(planned), fields=_fields(planned))


def gone_compare(scene: Scene, links: Sequence[SyncRecord], found: Compared) -> None:
    """Links that ended since their things are gone there: ours that are kept without one."""
    ids = [link.local_id for link in links]
    linked = linked_ids(scene, ids)
    rows = scene.model._default_manager.filter(
        workspace_id=scene.connection.workspace_id, pk__in=set(ids) - linked.keys()
    )
    kept = {row.pk for row in rows if not record_is_archived(row)}
    for link in links:
        if link.local_id in kept:
            kept.remove(link.local_id)
            found.add("gone_there", external_id=link.external_id, local_id=link.local_id)


def ours_compare(scene: Scene, local_ids: Sequence[int], found: Compared) -> None:
    """Records of ours without a link: on their way, or missing there."""
    waiting = _waiting(scene, local_ids)
    for local_id in local_ids:
        found.add("pending" if local_id in waiting else "missing_there", local_id=local_id)


def _sort(planned: Plan) -> str:
    if any(one.winner is None for one in planned.conflicts):
        return "conflicts"
    if planned.pulls or planned.pushes or planned.failures:
        return "differing"
    return "accepted" if planned.diverging else "same"


def _fields(planned: Plan) -> set[str]:
    """The gaps; of a pair without any, those that differ all the same."""
    asked = {one.name for one in planned.conflicts if one.winner is None}
    gaps = asked | set(planned.pulls) | set(planned.pushes) | set(planned.failures)
    return gaps or set(planned.diverging)


def _waiting(scene: Scene, local_ids: Collection[int]) -> set[int]:
    """Those with a job that will bring them into step."""
    rows = SyncJob.objects.filter(
        connection=scene.connection,
        kind=JobKind.PUSH,
        record_type=scene.stream.record_type,
        record_id__in=list(local_ids),
        state__in=(JobState.READY, JobState.LEASED),
    )
    return set(rows.values_list("record_id", flat=True))
