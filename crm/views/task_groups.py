"""Groups tasks by when they are due, in days where the person is."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from crm.models import Task

NEXT_DAYS = 7


@dataclass(frozen=True)
class Span:
    """Due times from `start` up to `end`; both None in the span of tasks without a date."""

    id: str
    label: str
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None

    @property
    def is_undated(self) -> bool:
        return self.start is None and self.end is None

    def condition(self) -> Q:
        if self.is_undated:
            return Q(due_at=None)
        after = Q(due_at__gte=self.start) if self.start else Q()
        return Q(due_at__isnull=False) & after & (Q(due_at__lt=self.end) if self.end else Q())

    def has(self, due: datetime.datetime | None) -> bool:
        if due is None or self.is_undated:
            return due is None and self.is_undated
        return (self.start is None or due >= self.start) and (self.end is None or due < self.end)


@dataclass(frozen=True)
class Group:
    """Tasks due in one span; `count` is of the whole list, `tasks` are those of the page."""

    id: str
    label: str
    count: int
    tasks: list[Task]


def task_groups(rows: QuerySet[Task], shown: list[Task]) -> list[Group]:
    """The page's tasks in their spans, each with the count of the whole list."""
    spans = due_spans(timezone.localtime())
    counts = rows.order_by().aggregate(
        **{span.id: Count("id", filter=span.condition()) for span in spans}
    )
    groups = [
        Group(span.id, span.label, counts[span.id], [one for one in shown if span.has(one.due_at)])
        for span in spans
    ]
    return [group for group in groups if group.tasks]


def due_spans(now: datetime.datetime) -> list[Span]:
    """Overdue, today, next, later and no date, as seen at `now`."""
    today = _midnight(now, 0)
    tomorrow, later = _midnight(now, 1), _midnight(now, 1 + NEXT_DAYS)
    return [
        Span("overdue", "Overdue", None, today),
        Span("today", "Today", today, tomorrow),
        Span("next", f"Next {NEXT_DAYS} days", tomorrow, later),
        Span("later", "Later", later, None),
        Span("undated", "No date"),
    ]


def _midnight(now: datetime.datetime, days: int) -> datetime.datetime:
    """Midnight that many days on, whatever the clock does in between."""
    day = now.date() + datetime.timedelta(days=days)
    return datetime.datetime.combine(day, datetime.time(), tzinfo=now.tzinfo)
