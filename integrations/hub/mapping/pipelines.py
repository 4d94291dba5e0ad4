"""Fetches the pipelines of a vendor; each gets one of ours, found by name or made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from crm.models import Pipeline, Stage
from crm.services.entities import services_of
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.pipelines import StagePlan, pipeline_create
from integrations.hub.facts import connection_origin
from integrations.hub.mapping.asking import vendor_ask
from integrations.hub.mapping.versions import mapping_bump, mapping_locked
from integrations.hub.models import Connection, ValueMapping
from integrations.hub.streams import ExternalPipeline, ExternalStage

PIPELINE: Final = "pipeline"
STAGE: Final = "stage"
LONGEST_NAME: Final = 100
_R = TypeVar("_R", Pipeline, Stage)


@dataclass
class PipelinesReport:
    """How many pipelines there are at the vendor, what was made here for them, and what was not."""

    total: int = 0
    pipelines_made: int = 0
    stages_made: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        told = _counted(self.total, "pipeline")
        made = (
            f"{_counted(self.pipelines_made, 'pipeline')} and {_counted(self.stages_made, 'stage')}"
        )
        return " ".join([f"{told} at the vendor; made here: {made}.", *self.problems])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def pipelines_pull(connection: Connection) -> PipelinesReport:
    """Fetch the vendor's pipelines and stages, and see that each has one of ours.

    A choice of a person stays. Raises HubError when the vendor does not answer.
    """
    declared = connection.declaration.pipelines
    if declared is None:
        return PipelinesReport()
    told = vendor_ask(connection, lambda: declared(connection))
    with mapping_locked(connection):
        work = _Work(connection, connection_origin(connection, "pipelines"))
        for pipeline in told:
            work.pipeline(pipeline)
        if work.finish(told):
            mapping_bump(connection)
    return work.report


class _Work:
    """One fetch: the present rows, and what is made."""

    def __init__(self, connection: Connection, origin: Origin) -> None:
        self.connection, self.origin = connection, origin
        self.report = PipelinesReport()
        rows = ValueMapping.objects.filter(connection=connection, name__in=(PIPELINE, STAGE))
        self.rows = {(row.name, row.theirs): row for row in rows}
        pipelines = Pipeline.objects.filter(workspace=connection.workspace_id)
        self.pipelines = {one.pk: one for one in pipelines.order_by("order", "pk")}
        self.is_changed = False

    def pipeline(self, told: ExternalPipeline) -> None:
        self.report.total += 1
        if self._is_left_open(PIPELINE, told.id):
            return
        ours = self._mapped(PIPELINE, told.id, self.pipelines) or self._named(told.name)
        if ours is None:
            try:
                ours = self._made(told)
            except InvalidRecord as error:
                self.report.problems.append(f"“{told.name}” was left out: {error}.")
                return
        self._map(PIPELINE, told.id, ours.pk, told.name)
        stages = {one.pk: one for one in ours.stages.order_by("order", "pk")}
        for number, stage in enumerate(told.stages):
            if self._is_left_open(STAGE, stage.id):
                continue
            own = self._mapped(STAGE, stage.id, stages) or _stage_named(stages.values(), stage)
            if own is None:
                own = self._stage_made(ours, told, number, stages.values())
                stages[own.pk] = own
            self._map(STAGE, stage.id, own.pk, f"{told.name}: {stage.name}")

    def finish(self, told: Sequence[ExternalPipeline]) -> bool:
        """Forget what is gone at the vendor; whether anything has changed."""
        there = {(PIPELINE, one.id) for one in told}
        there |= {(STAGE, stage.id) for one in told for stage in one.stages}
        gone = [row.pk for key, row in self.rows.items() if row.is_automatic and key not in there]
        ValueMapping.objects.filter(pk__in=gone).delete()
        return self.is_changed or bool(gone)

    def _mapped(self, name: str, theirs: str, records: dict[int, _R]) -> _R | None:
        row = self.rows.get((name, theirs))
        return records.get(int(row.ours)) if row and row.ours.isdecimal() else None

    def _is_left_open(self, name: str, theirs: str) -> bool:
        """Whether a person wants it to have no counterpart."""
        row = self.rows.get((name, theirs))
        return row is not None and not row.is_automatic and not row.ours

    def _named(self, name: str) -> Pipeline | None:
        """One of ours that is called so and no other of theirs has."""
        taken = {row.ours for (kind, _), row in self.rows.items() if kind == PIPELINE}
        free = (one for pk, one in self.pipelines.items() if str(pk) not in taken)
        return next((one for one in free if _same(one.name, name)), None)

    def _made(self, told: ExternalPipeline) -> Pipeline:
        plans: list[StagePlan] = []
        for number, stage in enumerate(told.stages):
            if not any(_same(plan.name, stage.name) for plan in plans):
                plans.append(_plan(told, number, _cut(stage.name)))
        made = pipeline_create(
            workspace=self.connection.workspace,
            name=_cut(told.name),
            stages=plans,
            origin=self.origin,
        )
        self.pipelines[made.pk] = made
        self.report.pipelines_made += 1
        self.report.stages_made += len(plans)
        return made

    def _stage_made(
        self, ours: Pipeline, told: ExternalPipeline, number: int, present: Iterable[Stage]
    ) -> Stage:
        """A stage of ours for theirs; by another name where one of ours ends otherwise."""
        name = _cut(told.stages[number].name)
        taken = {one.name.casefold() for one in present}
        if name.casefold() in taken:
            name = _cut(f"{name} ({told.stages[number].id})")
        values = {"pipeline": ours, "order": number, **vars(_plan(told, number, name))}
        made: Stage = services_of(Stage).create(
            workspace=self.connection.workspace, values=values, origin=self.origin
        )
        self.report.stages_made += 1
        return made

    def _map(self, name: str, theirs: str, ours: int, label: str) -> None:
        row = self.rows.get((name, theirs))
        if row is None:
            row = ValueMapping(
                connection=self.connection, name=name, theirs=theirs, is_automatic=True
            )
            row.order = sum(1 for kind, _ in self.rows if kind == name)
            self.rows[name, theirs] = row
        wanted = (str(ours), label[:255])
        if row.pk is None or (row.ours, row.label) != wanted:
            row.ours, row.label = wanted
            row.save()
            self.is_changed = True


def _stage_named(stages: Iterable[Stage], told: ExternalStage) -> Stage | None:
    """One that is called so and ends as theirs does: winning a deal has consequences."""
    ends = (told.is_won, told.is_lost)
    same = (one for one in stages if _same(one.name, told.name))
    return next((one for one in same if (one.is_won, one.is_lost) == ends), None)


def _plan(told: ExternalPipeline, number: int, name: str) -> StagePlan:
    stage = told.stages[number]
    return StagePlan(name, _probability(told, number), stage.is_won, stage.is_lost)


def _probability(told: ExternalPipeline, number: int) -> int:
    """As they have it, in per cent; by the place in the pipeline where they do not say."""
    stage = told.stages[number]
    if stage.is_won or stage.is_lost:
        return 100 if stage.is_won else 0
    if stage.probability is not None:
        return min(max(stage.probability, 0), 100)
    return round(100 * (number + 1) / (len(told.stages) + 1))


def _same(ours: str, theirs: str) -> bool:
    return ours.casefold() == _cut(theirs).casefold()


def _cut(name: str) -> str:
    return name.strip()[:LONGEST_NAME]
