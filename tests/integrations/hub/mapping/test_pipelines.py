"""Pipelines of the vendor: each gets one of ours, found by name or made with its stages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm.models import Change, Pipeline, Stage, User, Workspace
from crm.services.pipelines import pipeline_create_default
from integrations.hub.mapping.pipelines import pipelines_pull
from integrations.hub.mapping.values import value_update
from integrations.hub.models import Connection, ValueMapping
from integrations.hub.streams import ExternalPipeline, ExternalStage
from tests.integrations.hub.mapping import pocket
from tests.integrations.hub.mapping.conftest import version_of

pytestmark = pytest.mark.django_db


def stage_of(connection: Connection, theirs: str) -> Stage:
    row = ValueMapping.objects.get(connection=connection, name="stage", theirs=theirs)
    return Stage.objects.get(pk=int(row.ours))


def test_pipeline_is_made_with_its_stages(
    connection: Connection, vendor: pocket.Vendor, workspace: Workspace
) -> None:
    vendor.pipelines = [replace(pocket.PIPELINE, name="Partners")]

    report = pipelines_pull(connection)

    made = Pipeline.objects.get(workspace=workspace, name="Partners")
    told = [(one.name, one.probability, one.is_won) for one in made.stages.order_by("order")]
    assert told == [("New", 10, False), ("Talks", 40, False), ("Closed won", 100, True)]
    assert (report.pipelines_made, report.stages_made) == (1, 3)
    assert stage_of(connection, "s2").name == "Talks"
    assert Change.objects.filter(record_type="stage", origin_kind="connection").count() == 3


def test_pipeline_of_the_same_name_is_used_and_lacking_stages_are_added(
    connection: Connection, vendor: pocket.Vendor, workspace: Workspace
) -> None:
    sales = pipeline_create_default(workspace)
    vendor.pipelines = [replace(pocket.PIPELINE, name="sales ")]

    report = pipelines_pull(connection)

    assert Pipeline.objects.filter(workspace=workspace).count() == 1
    assert (report.pipelines_made, report.stages_made) == (0, 1)
    assert stage_of(connection, "s1") == sales.stages.get(name="New")
    assert stage_of(connection, "s3") == sales.stages.get(name="Closed won")
    assert stage_of(connection, "s2").pipeline == sales


def test_second_look_makes_nothing_and_changes_nothing(
    connection: Connection, vendor: pocket.Vendor, workspace: Workspace
) -> None:
    vendor.pipelines = [pocket.PIPELINE]
    pipelines_pull(connection)
    version = version_of(connection)

    report = pipelines_pull(connection)

    assert (report.pipelines_made, report.stages_made) == (0, 0)
    assert version_of(connection) == version == 2
    assert Stage.objects.filter(workspace=workspace).count() == 3


def test_stage_of_ours_that_ends_otherwise_is_not_taken_for_theirs(
    connection: Connection, vendor: pocket.Vendor, workspace: Workspace
) -> None:
    pipeline_create_default(workspace)
    stages = (ExternalStage("s1", "New"), ExternalStage("s2", "Negotiation", is_lost=True))
    vendor.pipelines = [ExternalPipeline("p1", "Sales", stages)]

    pipelines_pull(connection)

    made = stage_of(connection, "s2")
    assert (made.name, made.is_lost, made.probability) == ("Negotiation (s2)", True, 0)


def test_choice_of_a_person_stays(
    connection: Connection, vendor: pocket.Vendor, workspace: Workspace, admin: User
) -> None:
    sales = pipeline_create_default(workspace)
    vendor.pipelines = [replace(pocket.PIPELINE, name="Sales")]
    pipelines_pull(connection)
    row = ValueMapping.objects.get(connection=connection, name="stage", theirs="s1")
    value_update(row, values={"ours": str(sales.stages.get(name="Proposal").pk)}, actor=admin)
    open_one = ValueMapping.objects.get(connection=connection, name="stage", theirs="s2")
    value_update(open_one, values={"ours": ""}, actor=admin)

    pipelines_pull(connection)

    assert stage_of(connection, "s1").name == "Proposal"
    open_one.refresh_from_db()
    assert open_one.ours == ""


def test_stage_that_is_gone_there_is_sent_no_more(
    connection: Connection, vendor: pocket.Vendor
) -> None:
    vendor.pipelines = [pocket.PIPELINE]
    pipelines_pull(connection)
    vendor.pipelines = [replace(pocket.PIPELINE, stages=pocket.PIPELINE.stages[:1])]

    pipelines_pull(connection)

    kept = ValueMapping.objects.filter(connection=connection, name="stage")
    assert [row.theirs for row in kept] == ["s1"]


def test_pipeline_that_cannot_be_ours_is_told_and_the_rest_is_taken(
    connection: Connection, vendor: pocket.Vendor
) -> None:
    closed = ExternalPipeline("p2", "Closed only", (ExternalStage("s9", "Won", is_won=True),))
    vendor.pipelines = [closed, pocket.PIPELINE]

    report = pipelines_pull(connection)

    assert "Closed only" in report.problems[0]
    assert stage_of(connection, "s1").name == "New"


def test_stages_of_one_name_are_one_of_ours(connection: Connection, vendor: pocket.Vendor) -> None:
    stages = (ExternalStage("s1", "New"), ExternalStage("s2", "new"), ExternalStage("s3", "Late"))
    vendor.pipelines = [ExternalPipeline("p1", "Twins", stages)]

    pipelines_pull(connection)

    assert stage_of(connection, "s1") == stage_of(connection, "s2")
    assert [stage_of(connection, one).probability for one in ("s1", "s3")] == [25, 75]
