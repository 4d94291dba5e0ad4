"""Puts what the services wrote just now on the day it happened in the demo's story.

The services stamp their own time, rightly: only a demo tells of days that it did not see. Record,
timeline and ledger are dated alike, and steps must come in the order of their moments, since the
ledger is read in the order of its ids.
"""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.utils import timezone

from crm.choices import ChangeAction
from crm.models import Change, Workspace

# What a service fills with its own time.
STAMPED = frozenset({"occurred_at", "closed_at", "completed_at", "last_contacted_at"})
FIRST_HOUR = 8
WORKING_MINUTES = 9 * 60


def moment_of(days_ago: int, what: str) -> datetime.datetime:
    """A minute of that day's working hours, always the same one for the same `what`."""
    day = timezone.localtime() - datetime.timedelta(days=days_ago)
    minutes = zlib.crc32(what.encode()) % WORKING_MINUTES
    start = day.replace(hour=FIRST_HOUR, minute=0, second=0, microsecond=0)
    return start + datetime.timedelta(minutes=minutes)


@contextmanager
def happened(workspace: Workspace, moment: datetime.datetime) -> Iterator[None]:
    """Date all that is written to the workspace inside; in the caller's transaction."""
    last = Change.objects.filter(workspace=workspace).order_by("-id").first()
    yield
    date_all(workspace, moment, after=last.pk if last else 0)


def date_all(workspace: Workspace, moment: datetime.datetime, *, after: int = 0) -> None:
    """Date what the ledger has of the workspace behind the row with id `after`."""
    for change in Change.objects.filter(workspace=workspace, id__gt=after).order_by("id"):
        _date(change, moment)


def _date(change: Change, moment: datetime.datetime) -> None:
    stamped = {name for name, pair in change.diff.items() if name in STAMPED and pair[1]}
    values: dict[str, Any] = {"updated_at": moment, **dict.fromkeys(stamped, moment)}
    if change.action == ChangeAction.CREATED:
        values["created_at"] = moment
    model = apps.get_model("crm", change.record_type)
    model._default_manager.filter(pk=change.record_id).update(**values)
    for name in stamped:
        change.diff[name][1] = moment.astimezone(datetime.UTC).isoformat()
    change.at = moment
    change.save(update_fields=["diff", "at"])
