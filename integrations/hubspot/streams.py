"""The kinds of record that are kept in step, in the order they are pulled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from crm.choices import ActivityKind
from integrations.hub.streams import MappingRow, Stream, ValueRow
from integrations.hubspot import mapping
from integrations.hubspot.calls import markers, record_url
from integrations.hubspot.kinds import KINDS
from integrations.hubspot.limits import BATCH
from integrations.hubspot.portal import describe
from integrations.hubspot.pull import pull
from integrations.hubspot.push import delete, write
from integrations.hubspot.reading import find, read

HOURLY = (timedelta(hours=1), timedelta(hours=1))


def _stream(
    name: str,
    record_type: str,
    label: str,
    rows: tuple[MappingRow, ...],
    *,
    values: Mapping[str, tuple[ValueRow, ...]] | None = None,
    **options: Any,
) -> Stream:
    kind = KINDS[name]

    def of_kind(call: Callable[..., Any]) -> Callable[..., Any]:
        """The kind stands second, after the connection."""
        return lambda connection, *given: call(connection, kind, *given)

    return Stream(
        object=name,
        record_type=record_type,
        label=label,
        mapping=rows,
        pull=of_kind(pull),
        read=of_kind(read),
        find=of_kind(find),
        write=of_kind(write),
        delete=of_kind(delete),
        describe=of_kind(describe),
        markers=partial(markers, kind=kind),
        record_url=of_kind(record_url),
        read_size=BATCH,
        write_size=BATCH,
        values=values or {},
        **options,
    )


def _activity(name: str, kind: str, label: str, rows: tuple[MappingRow, ...]) -> Stream:
    return _stream(
        name,
        "activity",
        label,
        rows,
        values=mapping.DIRECTIONS if kind == ActivityKind.CALL else None,
        depends_on=("companies", "contacts", "deals"),
        of={"kind": kind},
        defaults={"kind": kind},
        interval=HOURLY,
    )


STREAMS = (
    _stream("companies", "account", "Companies", mapping.COMPANY, natural_key="domain"),
    _stream(
        "contacts",
        "contact",
        "Contacts",
        mapping.CONTACT,
        values=mapping.LIFECYCLE,
        natural_key="email",
        depends_on=("companies",),
    ),
    _stream("deals", "deal", "Deals", mapping.DEAL, depends_on=("companies", "contacts")),
    _activity("notes", ActivityKind.NOTE, "Notes", mapping.NOTE),
    _activity("calls", ActivityKind.CALL, "Calls", mapping.CALL),
    _activity("meetings", ActivityKind.MEETING, "Meetings", mapping.MEETING),
    _stream(
        "tasks",
        "task",
        "Tasks",
        mapping.TASK,
        values=mapping.TASK_WORDS,
        depends_on=("companies", "contacts", "deals"),
    ),
)
