"""Stages and pipelines are edited without leaving a deal that disagrees with its stage."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.models import Change, Deal, Pipeline, Stage, Workspace
from crm.services.deals import deal_archive, deal_create, deal_update
from crm.services.entities import services_of
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.pipelines import (
    StagePlan,
    pipeline_create,
    pipeline_default,
    pipeline_update,
)
from crm.services.stages import stage_update

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(workspace: Workspace, origin: Origin) -> Pipeline:
    return pipeline_create(
        workspace=workspace, name="Renewals", stages=[StagePlan("Due", 40)], origin=origin
    )


def stage(workspace: Workspace, name: str = "New") -> Stage:
    return pipeline_default(workspace).stages.get(name=name)


def deal_in(workspace: Workspace, origin: Origin, **values: Any) -> Deal:
    return deal_create(workspace=workspace, values={"name": "Roof", **values}, origin=origin)


def test_new_probability_goes_to_the_stages_deals(workspace: Workspace, origin: Origin) -> None:
    plain, own = deal_in(workspace, origin), deal_in(workspace, origin, probability=33)
    elsewhere = deal_in(workspace, origin, stage=stage(workspace, "Proposal"))

    stage_update(stage(workspace), values={"probability": 15}, origin=origin)

    found = dict(Deal.objects.values_list("pk", "probability"))
    assert found == {plain.pk: 15, own.pk: 33, elsewhere.pk: 50}
    change = Change.objects.filter(record_type="deal", record_id=plain.pk).latest("id")
    assert change.diff == {"probability": [10, 15]}


@pytest.mark.parametrize("flag", ["is_won", "is_lost"])
def test_outcome_of_a_stage_with_deals_is_refused(
    workspace: Workspace, origin: Origin, flag: str
) -> None:
    deal_in(workspace, origin)
    deal_archive(deal_in(workspace, origin), origin=origin)

    with pytest.raises(InvalidRecord) as refusal:
        stage_update(stage(workspace), values={flag: True}, origin=origin)

    assert refusal.value.errors[flag][0].startswith("2 deals are in this stage")


def test_stage_with_deals_stays_in_its_pipeline(
    workspace: Workspace, origin: Origin, other: Pipeline
) -> None:
    deal = deal_in(workspace, origin)

    with pytest.raises(InvalidRecord, match="1 deal is in this stage"):
        stage_update(stage(workspace), values={"pipeline": other.pk}, origin=origin)
    deal_update(deal, values={"stage": stage(workspace, "Proposal")}, origin=origin)

    moved = stage_update(stage(workspace), values={"pipeline": other.pk}, origin=origin)
    assert moved.pipeline == other


def test_pipeline_keeps_an_open_stage(origin: Origin, other: Pipeline) -> None:
    with pytest.raises(InvalidRecord, match="at least one open stage"):
        stage_update(other.stages.get(), values={"is_won": True}, origin=origin)


def test_stage_with_deals_may_be_renamed(workspace: Workspace, origin: Origin) -> None:
    deal_in(workspace, origin)

    values = {"name": "Fresh", "is_won": False, "pipeline": pipeline_default(workspace).pk}
    assert stage_update(stage(workspace), values=values, origin=origin).name == "Fresh"


def test_new_default_pipeline_takes_over(
    workspace: Workspace, origin: Origin, other: Pipeline
) -> None:
    old = pipeline_default(workspace)

    pipeline_update(other, values={"is_default": True}, origin=origin)

    assert pipeline_default(workspace) == other
    assert not Pipeline.objects.get(pk=old.pk).is_default
    with pytest.raises(InvalidRecord, match="Make another one the default"):
        pipeline_update(other, values={"is_default": False}, origin=origin)


def test_pipeline_without_an_open_stage_is_no_default(workspace: Workspace, origin: Origin) -> None:
    create = services_of(Pipeline).create
    empty = create(workspace=workspace, values={"name": "Empty"}, origin=origin)

    with pytest.raises(InvalidRecord, match="open stage first"):
        pipeline_update(empty, values={"is_default": True}, origin=origin)


def test_console_says_how_many_deals_are_in_the_way(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    deal_in(workspace, origin)
    present = stage(workspace)
    values = {"pipeline": present.pipeline_id, "name": "New", "order": 0, "probability": 10}

    page = operator_client.post(
        f"/admin/crm/stage/{present.pk}/change/", {**values, "is_won": "on"}, follow=True
    )

    assert "1 deal is in this stage" in page.content.decode()
    present.refresh_from_db()
    assert not present.is_won


@pytest.mark.parametrize("model", [Pipeline, Stage])
def test_stage_and_pipeline_are_never_deleted(
    operator_client: Client, workspace: Workspace, model: type[Pipeline] | type[Stage]
) -> None:
    pk = (pipeline_default(workspace) if model is Pipeline else stage(workspace)).pk

    page = operator_client.post(
        f"/admin/crm/{model._meta.model_name}/{pk}/delete/", {"post": "yes"}
    )

    assert page.status_code == 403
    assert model.objects.filter(pk=pk).exists()
