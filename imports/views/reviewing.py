"""The report of the check, and the word that starts the import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.access import Action
from crm.models import User
from crm.views.doors import WorkspaceRequest, workspace_page
from imports.choices import DuplicateStrategy, ErrorPolicy, ImportStatus, Phase, ProblemKind
from imports.custom import custom_fields_of
from imports.errors import WrongState
from imports.fields import CUSTOM_PREFIX, FIELDS
from imports.forms import PolicyForm
from imports.matching import SCORES, WORDS
from imports.models import ImportJob
from imports.services import import_plan_start, import_start
from imports.views.doors import STEPS, job_or_404, refused, to_job
from imports.views.preparing import check_a_while

SHOWN_EXAMPLES: Final = 3
OWNER: Final = "owner_id"
Told = tuple[str, str, int]
Entry = dict[str, str]


@require_GET
@workspace_page(Action.IMPORT)
def import_review(request: WorkspaceRequest, pk: int) -> HttpResponse:
    job = job_or_404(request, pk)
    if job.status != ImportStatus.READY:
        return to_job(job)
    counts = job.plan["counts"]
    context = {
        "job": job,
        "plan": {**job.plan, "same": counts["unchanged"] + counts["skipped"]},
        "policy": PolicyForm(
            initial={"strategy": job.duplicate_strategy, "error_policy": job.error_policy}
        ),
        "causes": _causes(job),
        "samples": _samples(job),
        "keys": [
            {"words": WORDS[key], "counts": score >= settings.MATCH_AUTO_SCORE}
            for key, score in SCORES.items()
        ],
        "is_blocked": job.error_policy == ErrorPolicy.STOP and counts["failed"],
        "writes": sum(counts.get(name, 0) for name in ("created", "updated", "folded")),
        "steps": STEPS,
        "back_url": reverse("imports:import_map", args=[job.pk]),
    }
    return render(request, "imports/review.html", context)


@require_POST
@workspace_page(Action.IMPORT)
def import_check(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Check the file again under another policy, with the same mapping."""
    job = job_or_404(request, pk)
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return redirect("imports:import_review", pk=pk)
    try:
        import_plan_start(
            job,
            mapping=job.mapping,
            strategy=DuplicateStrategy(form.cleaned_data["strategy"]),
            error_policy=ErrorPolicy(form.cleaned_data["error_policy"]),
            date_order=job.date_order,
        )
    except WrongState as error:
        return refused(request, job, error)
    return check_a_while(job)


@require_POST
@workspace_page(Action.IMPORT)
def import_run(request: WorkspaceRequest, pk: int) -> HttpResponse:
    job = job_or_404(request, pk)
    try:
        import_start(job)
    except WrongState as error:
        return refused(request, job, error)
    return redirect("imports:import_detail", pk=pk)


def _causes(job: ImportJob) -> dict[str, list[dict[str, Any]]]:
    """What was found, grouped by kind, the most frequent first, with what its first rows say."""
    told = _messages(job)
    found = [
        {**cause, "examples": _examples(cause, told)}
        for cause in sorted(job.plan.get("causes", {}).values(), key=lambda one: -one["count"])
    ]
    return {
        kind.value: [cause for cause in found if cause["kind"] == kind.value]
        for kind in ProblemKind
    }


def _messages(job: ImportJob) -> dict[Told, str]:
    """The messages of the rows that the causes name; read apart, for they may name people."""
    rows = {row for cause in job.plan.get("causes", {}).values() for row in cause["rows"]}
    problems = job.problems.filter(phase=Phase.PLAN, row_number__in=rows)
    return {
        (cause, column, row): message
        for cause, column, row, message in problems.values_list(
            "cause", "column", "row_number", "message"
        )
    }


def _examples(cause: dict[str, Any], told: Mapping[Told, str]) -> list[dict[str, Any]]:
    """Rows whose message says more than the cause's own."""
    messages = ((row, told.get((cause["cause"], cause["column"], row))) for row in cause["rows"])
    return [
        {"row": row, "message": message}
        for row, message in messages
        if message and message != cause["message"]
    ][:SHOWN_EXAMPLES]


def _samples(job: ImportJob) -> dict[str, list[dict[str, Any]]]:
    """The first rows that create and update, with labels for their fields and names of owners."""
    own = custom_fields_of(job.workspace) if CUSTOM_PREFIX in str(job.mapping) else ()
    labels = {field.key: field.label for field in (*FIELDS[job.object], *own)}
    labels |= {"account_id": "Company", "company": "Company", OWNER: "Owner"}
    samples = job.plan.get("samples", {})
    names = _owner_names(job, samples)
    return {
        action: [
            {**sample, "diff": [_entry(entry, labels, names) for entry in sample["diff"]]}
            for sample in found
        ]
        for action, found in samples.items()
    }


def _entry(entry: Entry, labels: Mapping[str, str], names: Mapping[str, str]) -> Entry:
    name = entry["field"]
    if name == OWNER:
        entry = {**entry, **{side: names.get(entry[side], entry[side]) for side in ("old", "new")}}
    return {**entry, "label": labels.get(name, name)}


def _owner_names(job: ImportJob, samples: Mapping[str, list[dict[str, Any]]]) -> dict[str, str]:
    """By their ids as text; one query where the samples name any."""
    entries = [entry for found in samples.values() for one in found for entry in one["diff"]]
    ids = {entry[side] for entry in entries if entry["field"] == OWNER for side in ("old", "new")}
    members = User.objects.filter(memberships__workspace=job.workspace_id, pk__in=ids - {""})
    return {str(member.pk): str(member) for member in members}
