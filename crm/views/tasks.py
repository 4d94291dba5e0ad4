"""Tasks: grouped by when they are due, ticked in place."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.access import Action
from crm.choices import Priority, TaskKind, TaskStatus
from crm.forms.tasks import TaskForm
from crm.models import Task
from crm.selectors.search import tasks_search
from crm.selectors.tasks import tasks_of
from crm.services.tasks import task_complete, task_reopen
from crm.views.doors import (
    WorkspaceRequest,
    origin_of,
    record_or_404,
    require_edit,
    swap_headers,
    workspace_page,
)
from crm.views.kinds import RecordKind
from crm.views.listing import Listing, choice_filter, list_page, person_filter
from crm.views.notices import back_to, notify, toast
from crm.views.task_groups import task_groups
from crm.views.task_subject import record_path, task_subject
from crm.views.timeline import history_context

VIEWS = (("mine", "Mine"), ("all", "Everyone's"), ("done", "Done"), ("archived", "Archived"))


@require_GET
@workspace_page(Action.VIEW)
def task_list(request: WorkspaceRequest) -> HttpResponse:
    """Open tasks by when they are due: mine first, then everyone's; done and archived ones."""
    view = request.GET.get("view", "mine")
    view = view if view in dict(VIEWS) else "mine"
    rows = _in_view(tasks_of(request.workspace), view, request)
    listed = list_page(request, rows, TASKS.listing)
    is_grouped = view in ("mine", "all")
    context = {
        "kind": TASKS,
        "views": VIEWS,
        "view": view,
        "is_archive": view == "archived",
        "listed": listed,
        "page_obj": listed.page,
        "groups": task_groups(listed.rows, list(listed.page)) if is_grouped else [],
        "is_grouped": is_grouped,
    }
    return swap_headers(render(request, "crm/tasks/list.html", context))


@require_POST
@workspace_page(Action.EDIT)
def task_toggle(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Tick or untick; `to` says which, so that a second click changes nothing more."""
    task = record_or_404(tasks_of(request.workspace).filter(archived_at=None), pk)
    require_edit(request, task)
    is_done = task.status == TaskStatus.DONE
    to_done = request.POST.get("to", "open" if is_done else "done") == "done"
    if to_done != is_done:
        write = task_complete if to_done else task_reopen
        write(task, origin=origin_of(request))
        task = record_or_404(tasks_of(request.workspace), pk)
    undo = reverse("crm:task_toggle", args=[pk])
    said = f"Done: {task}" if to_done else f"To do again: {task}"
    if request.htmx:
        context = {"task": task, "show_subject": "show_subject" in request.POST}
        return toast(render(request, "crm/tasks/_item.html", context), said, undo=undo)
    notify(request, said, undo=undo)
    return back_to(request, reverse("crm:task_list"))


def _in_view(rows: QuerySet[Task], view: str, request: WorkspaceRequest) -> QuerySet[Task]:
    if view == "archived":
        return rows.filter(archived_at__isnull=False)
    rows = rows.filter(archived_at=None)
    if view == "done":
        return rows.exclude(status=TaskStatus.OPEN)
    rows = rows.filter(status=TaskStatus.OPEN)
    return rows.filter(assigned_to=request.user.pk) if view == "mine" else rows


def _after_create(task: Task) -> str:
    subject = task_subject(task)
    if subject is None:
        return reverse("crm:task_list")
    return record_path(subject)


def task_page(request: WorkspaceRequest, task: Task) -> dict[str, Any]:
    return {**history_context(request, task), "subject": task_subject(task)}


TASKS = RecordKind(
    model=Task,
    name="task",
    segment="tasks",
    noun="task",
    plural="tasks",
    icon="square-check",
    records=tasks_of,
    listing=Listing(
        search=tasks_search,
        sorts={"due_at": ("due_at",), "updated_at": ("updated_at",)},
        filters=(
            choice_filter("priority", "Priority", Priority.choices),
            choice_filter("kind", "Kind", TaskKind.choices),
            person_filter("assigned_to", "Assigned to"),
        ),
        nullable=frozenset({"due_at"}),
        default_sort="due_at",
    ),
    form=TaskForm,
    page=task_page,
    empty_text="Write down what has to be done, until when and about whom.",
    archive_effect="It is no longer due for anybody.",
    prefill={"contact": "contact", "account": "account", "lead": "lead", "deal": "deal"},
    after_create=_after_create,
)
