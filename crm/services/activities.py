"""Writes the timeline."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.choices import ActivityKind, Direction
from crm.models import Account, Activity, Contact, Deal, Lead, Workspace
from crm.rules.text import text_read
from crm.services.engagement import engagement_note
from crm.services.errors import InvalidRecord
from crm.services.last_contact import last_contact_note
from crm.services.origin import Origin
from crm.services.records import record_create, record_update
from crm.services.refusals import constraint_name

Subject = Contact | Lead | Account | Deal

MAX_SUBJECT = 300
# Who reported a line and under what id.
REPORT = ("source", "external_id")
# What a person wrote or said, so that its mood and wish can be read.
READ_KINDS = frozenset({ActivityKind.EMAIL, ActivityKind.CALL, ActivityKind.NOTE})


@transaction.atomic
def activity_log(
    *,
    workspace: Workspace,
    values: Mapping[str, Any],
    origin: Origin,
    source: str = "",
    external_id: str = "",
) -> tuple[Activity, bool]:
    """Put a line on the timeline; returns it and whether it is new.

    The same (source, external_id) is written once, however often and by however many at once.
    """
    if external_id and (present := _reported(workspace, source, external_id)):
        return present, False
    values = {
        "occurred_at": timezone.now(),
        **_read(values),
        "source": source,
        "external_id": external_id,
    }
    try:
        activity = record_create(Activity, workspace=workspace, values=values, origin=origin)
    except InvalidRecord as error:
        reported = _reported(workspace, source, external_id) if _is_twice(error) else None
        if reported is None:
            raise
        return reported, False
    last_contact_note(activity)
    engagement_note(activity)
    return activity, True


def activity_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Activity:
    """As activity_report; the line itself."""
    return activity_report(workspace=workspace, values=values, origin=origin)[0]


def activity_report(
    *, workspace: Workspace, values: Mapping[str, Any], origin: Origin
) -> tuple[Activity, bool]:
    """As activity_log, with `source` and `external_id` among the values.

    What was reported before is left as it is.
    """
    rest = {name: value for name, value in values.items() if name not in REPORT}
    reported = {name: str(values.get(name) or "") for name in REPORT}
    return activity_log(workspace=workspace, values=rest, origin=origin, **reported)


@transaction.atomic
def activity_update(
    activity: Activity,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Activity:
    """Write `values`; whom it is with by now was contacted then at the latest."""
    fresh = record_update(activity, values=values, origin=origin, expected_version=expected_version)
    last_contact_note(fresh)
    return fresh


def activity_archive(activity: Activity, *, origin: Origin) -> Activity:
    """Raises InvalidRecord: the timeline says what happened, and that does not change."""
    raise InvalidRecord({NON_FIELD_ERRORS: ["What is on the timeline stays there."]})


def activity_restore(activity: Activity, *, origin: Origin) -> Activity:
    """Nothing on the timeline is ever archived."""
    return activity


def note_add(record: Subject, *, body: str, origin: Origin, subject: str = "") -> Activity:
    """Add a note to the record's timeline, with its account's and contact's."""
    if not body.strip():
        raise InvalidRecord({"body": ["Write something to note."]})
    values = {
        "kind": ActivityKind.NOTE,
        "subject": subject.strip() or _first_line(body),
        "body": body,
        "actor": origin.actor,
        **subject_links(record),
    }
    return activity_log(workspace=record.workspace, values=values, origin=origin)[0]


def call_log(
    record: Subject,
    *,
    origin: Origin,
    subject: str = "",
    body: str = "",
    direction: str = Direction.OUTBOUND,
    occurred_at: datetime.datetime | None = None,
) -> Activity:
    """Log a call with the record's person."""
    values = {
        "kind": ActivityKind.CALL,
        "subject": subject.strip() or f"Call with {record}"[:MAX_SUBJECT],
        "body": body,
        "direction": direction,
        "occurred_at": occurred_at or timezone.now(),
        "actor": origin.actor,
        **subject_links(record),
    }
    return activity_log(workspace=record.workspace, values=values, origin=origin)[0]


def subject_links(record: Subject) -> dict[str, Any]:
    """The links of an activity about the record: a contact's is its account's too."""
    if isinstance(record, Deal):
        return {"deal": record, "account": record.account_id, "contact": record.primary_contact_id}
    if isinstance(record, Contact):
        return {"contact": record, "account": record.account_id}
    return {"lead": record} if isinstance(record, Lead) else {"account": record}


def _read(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the mood and the wish of what was written, unless the caller has read it already."""
    text = f"{values.get('subject', '')}\n{values.get('body', '')}".strip()
    is_ours = values.get("direction") == Direction.OUTBOUND
    if values.get("kind") not in READ_KINDS or is_ours or not text:
        return dict(values)
    reading = text_read(text)
    return {"sentiment": reading.sentiment, "intent": reading.intent, **values}


def _first_line(body: str) -> str:
    line = body.strip().splitlines()[0].strip()
    return line if len(line) <= 80 else f"{line[:79]}…"


def _reported(workspace: Workspace, source: str, external_id: str) -> Activity | None:
    return Activity.objects.filter(
        workspace=workspace, source=source, external_id=external_id
    ).first()


def _is_twice(error: InvalidRecord) -> bool:
    cause = error.__cause__
    return isinstance(cause, IntegrityError) and constraint_name(cause) == "activity_reported_once"
