"""The demo's story: a quarter at work, told alike by records, timeline and ledger."""

from __future__ import annotations

import datetime

import pytest
import time_machine
from django.utils import timezone

from crm.models import Account, Activity, Change, Deal, Task, Workspace
from nexa.demo.dating import moment_of
from nexa.demo.story import due_at

DAY = datetime.timedelta(days=1)


def test_story_covers_a_quarter_and_ends_before_now(workspace: Workspace) -> None:
    moments = Change.objects.filter(workspace=workspace).order_by("at").values_list("at", flat=True)

    assert moments[0] < timezone.now() - 85 * DAY
    assert timezone.now() - 4 * DAY < max(moments) < timezone.now()
    assert len({moment.date() for moment in moments}) > 30


def test_ledger_is_in_the_order_of_what_happened(workspace: Workspace) -> None:
    moments = list(
        Change.objects.filter(workspace=workspace).order_by("id").values_list("at", flat=True)
    )

    assert moments == sorted(moments)


def test_records_and_ledger_tell_the_same_times(workspace: Workspace) -> None:
    for model in (Account, Deal, Task, Activity):
        for record in model.objects.filter(workspace=workspace):
            changes = Change.objects.filter(
                workspace=workspace, record_type=model._meta.model_name, record_id=record.pk
            ).order_by("id")
            assert record.created_at == changes[0].at
            assert record.updated_at == max(change.at for change in changes)


def test_closed_deals_have_closed_on_their_day(workspace: Workspace) -> None:
    won = Deal.objects.filter(workspace=workspace, stage__is_won=True)

    assert won.count() == 3
    for deal in won:
        change = Change.objects.filter(
            workspace=workspace, record_type="deal", record_id=deal.pk, diff__has_key="closed_at"
        ).latest("id")
        assert deal.closed_at == change.at
        assert timezone.localdate(deal.closed_at) == deal.close_date
        assert datetime.datetime.fromisoformat(change.diff["closed_at"][1]) == deal.closed_at


def test_timeline_happened_when_it_was_written_down(workspace: Workspace) -> None:
    rows = Activity.objects.filter(workspace=workspace)

    assert rows.count() > 20
    assert all(row.occurred_at == row.created_at for row in rows)


def test_tasks_are_late_due_today_next_and_done(workspace: Workspace) -> None:
    open_tasks = Task.objects.filter(workspace=workspace, status="open")
    today = timezone.localdate()
    days = sorted((timezone.localdate(task.due_at) - today).days for task in open_tasks)

    assert days == [-1, 0, 1, 3, 12]
    for task in Task.objects.filter(workspace=workspace, status="done"):
        assert task.created_at < task.completed_at < timezone.now() - 30 * DAY


@pytest.mark.parametrize("hour", [0, 9, 16, 22, 23])
def test_task_due_today_is_still_ahead(hour: int) -> None:
    now = datetime.datetime(2026, 3, 4, hour, 30, tzinfo=datetime.UTC)
    with time_machine.travel(now, tick=False):
        due = due_at(0)
        assert due > timezone.now()
        assert timezone.localdate(due) == timezone.localdate()


def test_moment_is_the_same_for_the_same_thing() -> None:
    with time_machine.travel(datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC), tick=False):
        first, again, other = moment_of(5, "a"), moment_of(5, "a"), moment_of(5, "b")

    assert first == again != other
    assert 8 <= timezone.localtime(first).hour < 17
