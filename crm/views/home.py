"""The first page: what is open, due, new and wrong; the first steps when there is nothing yet."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm.access import Action
from crm.models import Activity, OwnedRecord
from crm.selectors import home as seen
from crm.views.doors import WorkspaceRequest, workspace_page
from crm.views.related import few
from crm.views.task_groups import due_spans
from crm.views.task_subject import record_path

ACTIVITIES = 12
NOON = 12
EVENING = 18


@dataclass(frozen=True)
class Happening:
    """A line of recent activity: where its record is, and which it is and who acted."""

    activity: Activity
    path: str
    about: str


@dataclass(frozen=True)
class StageRow:
    """A stage of the person's pipeline; `share` is in whole percent of all of it."""

    stage: seen.StageSum
    share: int


@require_GET
@workspace_page(Action.VIEW, stranger_status=200)
def home(request: WorkspaceRequest) -> HttpResponse:
    now = timezone.localtime()
    user = request.membership.user
    workspace = request.workspace
    tomorrow = next(span.end for span in due_spans(now) if span.id == "today")
    tasks, has_more_tasks = few(seen.tasks_due(workspace, user, before=tomorrow or now))
    alerts, has_more_alerts = few(seen.alerts_open(workspace, user))
    context: dict[str, Any] = {
        "greeting": greeting(now),
        **pipeline_shown(seen.pipeline_of(workspace, user)),
        "tasks": tasks,
        "has_more_tasks": has_more_tasks,
        "alerts": alerts,
        "has_more_alerts": has_more_alerts,
        "happenings": [_happening(one) for one in seen.activity_recent(workspace)[:ACTIVITIES]],
        "is_new": not seen.has_contacts(workspace),
    }
    return render(request, "crm/home.html", context)


def pipeline_shown(pipeline: seen.OpenPipeline) -> dict[str, Any]:
    """Shares are of the value; of the count where money is of several currencies or is none."""
    by_value = len(pipeline.totals) == 1 and pipeline.totals[0][0] > 0
    whole = pipeline.totals[0][0] if by_value else pipeline.count
    rows = [
        StageRow(stage, round(100 * (stage.sums[0][0] if by_value else stage.count) / whole))
        for stage in pipeline.stages
    ]
    return {
        "pipeline": pipeline,
        "stage_rows": rows,
        "share_of": "the value" if by_value else "the deals",
    }


def greeting(now: datetime.datetime) -> str:
    if now.hour < NOON:
        return "Good morning"
    return "Good afternoon" if now.hour < EVENING else "Good evening"


def _happening(activity: Activity) -> Happening:
    subject: OwnedRecord | None = (
        activity.deal or activity.lead or activity.contact or activity.account
    )
    about = " · ".join(str(one) for one in (subject, activity.actor) if one)
    return Happening(activity, record_path(subject) if subject else "", about)
