"""Writes pipelines and their stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from crm.models import Pipeline, Stage, Workspace
from crm.services.cleaning import values_clean
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin, by_rule
from crm.services.records import record_create, record_lock, record_update
from crm.services.refusals import refused_in_words


@dataclass(frozen=True)
class StagePlan:
    """A stage as a pipeline is made with it; `probability` is a whole per cent."""

    name: str
    probability: int
    is_won: bool = False
    is_lost: bool = False


DEFAULT_STAGES = (
    StagePlan("New", 10),
    StagePlan("Qualified", 25),
    StagePlan("Proposal", 50),
    StagePlan("Negotiation", 75),
    StagePlan("Closed won", 100, is_won=True),
    StagePlan("Closed lost", 0, is_lost=True),
)


@refused_in_words()
@transaction.atomic
def pipeline_create(
    *,
    workspace: Workspace,
    name: str,
    stages: Sequence[StagePlan],
    origin: Origin,
    is_default: bool = False,
) -> Pipeline:
    """Create a pipeline with its stages in the order given."""
    _check_stages(stages)
    values = {"name": name, "is_default": is_default}
    pipeline = record_create(Pipeline, workspace=workspace, values=values, origin=origin)
    for order, plan in enumerate(stages):
        stage = {"pipeline": pipeline, "order": order, **vars(plan)}
        record_create(Stage, workspace=workspace, values=stage, origin=origin)
    return pipeline


@transaction.atomic
def pipeline_create_default(workspace: Workspace) -> Pipeline:
    """The workspace's default pipeline, made when there is none; safe to call twice at once."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    present = Pipeline.objects.filter(workspace=workspace, is_default=True).first()
    return present or pipeline_create(
        workspace=workspace,
        name="Sales",
        stages=DEFAULT_STAGES,
        origin=by_rule("workspace_setup", "default pipeline"),
        is_default=True,
    )


def pipeline_default(workspace: Workspace) -> Pipeline:
    present = Pipeline.objects.filter(workspace=workspace, is_default=True).first()
    return present or pipeline_create_default(workspace)


@transaction.atomic
def pipeline_update(
    pipeline: Pipeline,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Pipeline:
    """Write `values`; a new default takes over from the present one, and one there always is."""
    fresh = record_lock(pipeline, expected_version=expected_version)
    wants_default = values_clean(Pipeline, workspace=fresh.workspace, values=values).get(
        "is_default", fresh.is_default
    )
    if fresh.is_default and not wants_default:
        said = "Deals start in the default pipeline. Make another one the default instead."
        raise InvalidRecord({"is_default": [said]})
    if wants_default and not fresh.is_default:
        _default_free(fresh, origin)
    return record_update(fresh, values=values, origin=origin)


def _default_free(successor: Pipeline, origin: Origin) -> None:
    if not successor.stages.filter(is_won=False, is_lost=False).exists():
        said = "Give the pipeline an open stage first: deals start there."
        raise InvalidRecord({"is_default": [said]})
    present = Pipeline.objects.filter(workspace_id=successor.workspace_id, is_default=True).first()
    if present is not None:
        record_update(present, values={"is_default": False}, origin=origin)


def _check_stages(stages: Sequence[StagePlan]) -> None:
    if not any(not (plan.is_won or plan.is_lost) for plan in stages):
        raise InvalidRecord({"stages": ["A pipeline needs at least one open stage."]})
