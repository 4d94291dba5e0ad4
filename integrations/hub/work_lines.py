"""Puts stored work in words for a connection's page: what was done, and to which record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils import timezone

from crm.models import Record
from integrations.hub.models import Connection, JobKind, JobState, SyncJob
from integrations.hub.subjects import gone_words, model_of_type, noun_of, page_of
from integrations.hub.words import WAITS, command_words

Subjects = dict[tuple[str, int], Record]


@dataclass(frozen=True)
class WorkLine:
    """One job: `title` ends where the record's name begins; `url` is the record's page or ''.

    A thing of theirs that may have no record here is named by their words. `due_at` is given while
    it waits for a time, and `waits` says what for where that is no error.
    """

    job: SyncJob
    title: str
    record: str
    url: str

    @property
    def due_at(self) -> datetime | None:
        is_waiting = self.job.state == JobState.READY and self.job.run_at > timezone.now()
        return self.job.run_at if is_waiting else None

    @property
    def waits(self) -> str:
        return WAITS.get(self.job.reason, "") if self.due_at else ""


def work_lines(connection: Connection, jobs: Iterable[SyncJob]) -> list[WorkLine]:
    """The jobs in words; one query for each type of record among them."""
    rows = list(jobs)
    subjects = _subjects(connection, rows)
    return [_line(job, subjects.get((job.record_type, job.record_id))) for job in rows]


def _line(job: SyncJob, record: Record | None) -> WorkLine:
    title = _title(job, noun_of(job.record_type))
    if record is None:
        theirs = f"{job.object} {job.external_id}" if job.external_id else ""
        return WorkLine(job, title, theirs or gone_words(job.record_type), "")
    return WorkLine(job, title, str(record), page_of(record))


def _title(job: SyncJob, noun: str) -> str:
    if job.intent is not None:
        return f"{command_words(job.intent.kind)} for"
    words = {
        JobKind.PUSH: f"Send {noun}",
        JobKind.CREATE: f"Create {noun}",
        JobKind.DELETE: f"Delete {noun}",
    }
    return words.get(JobKind(job.kind), f"{job.get_kind_display()}:")


def _subjects(connection: Connection, jobs: list[SyncJob]) -> Subjects:
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for job in jobs:
        wanted[job.record_type].add(job.record_id)
    found: Subjects = {}
    for name, keys in wanted.items():
        model = model_of_type(name)
        if model is not None:
            rows: models.QuerySet[Record] = model._default_manager.filter(
                workspace_id=connection.workspace_id, pk__in=keys
            )
            found.update({(name, row.pk): row for row in rows})
    return found
