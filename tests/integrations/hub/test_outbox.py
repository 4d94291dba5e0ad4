"""A change of the CRM becomes one dirty job on each connection that watches, and none at home."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from crm.choices import OriginKind
from crm.models import User, Workspace
from crm.services.accounts import account_create, account_update
from crm.services.origin import Origin
from integrations.hub import jobs
from integrations.hub.facts import connection_origin
from integrations.hub.models import Connection, JobState, SyncJob
from integrations.hub.pump import pump
from tests import factories
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db

BY_HAND = Origin(OriginKind.USER, "test")


def test_edits_coalesce_and_the_present_state_is_sent(
    connection: Connection, vendor: EchoVendor
) -> None:
    account = account_create(workspace=connection.workspace, values={"name": "One"}, origin=BY_HAND)
    for name in ("Two", "Three"):
        account_update(account, values={"name": name}, origin=BY_HAND)
    assert SyncJob.objects.count() == 1

    pump(budget_seconds=30)

    (sent,) = (seen for seen in vendor.requests if seen[0] == "PUT")
    assert json.loads(sent[3]) == {"name": "Three"}


def test_change_that_came_from_a_connection_goes_to_the_others_only(
    connection: Connection, workspace: Workspace
) -> None:
    other = connection_make(workspace)

    account_create(workspace=workspace, values={"name": "x"}, origin=connection_origin(connection))

    assert [job.connection_id for job in SyncJob.objects.all()] == [other.pk]


def test_change_of_another_workspace_is_not_told(connection: Connection) -> None:
    account_create(workspace=factories.workspace_make(), values={"name": "x"}, origin=BY_HAND)

    assert not SyncJob.objects.exists()


def test_change_that_rolls_back_leaves_no_job(connection: Connection) -> None:
    with transaction.atomic():
        account_create(workspace=connection.workspace, values={"name": "x"}, origin=BY_HAND)
        transaction.set_rollback(True)

    assert not SyncJob.objects.exists()


def test_later_edit_that_goes_through_settles_the_dead_job(
    connection: Connection, vendor: EchoVendor
) -> None:
    account = account_create(workspace=connection.workspace, values={"name": "x"}, origin=BY_HAND)
    vendor.script = [status(422)]
    pump(budget_seconds=0)
    assert SyncJob.objects.get().state == JobState.DEAD

    account_update(account, values={"name": "y"}, origin=BY_HAND)
    pump(budget_seconds=30)

    states = SyncJob.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [JobState.SUPERSEDED, JobState.DONE]


def test_older_job_that_goes_through_settles_a_newer_dead_one(
    connection: Connection, vendor: EchoVendor, actor: User
) -> None:
    account = account_create(workspace=connection.workspace, values={"name": "x"}, origin=BY_HAND)
    vendor.script = [status(422), status(422)]
    pump(budget_seconds=0)
    account_update(account, values={"name": "y"}, origin=BY_HAND)
    pump(budget_seconds=0)
    older, newer = SyncJob.objects.order_by("pk")
    assert (older.state, newer.state) == (JobState.DEAD, JobState.DEAD)

    jobs.job_replay(older, actor=actor)
    pump(budget_seconds=30)

    states = SyncJob.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [JobState.DONE, JobState.SUPERSEDED]
