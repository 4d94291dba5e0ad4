"""Outbound: records written to the CRM, and what is told of a lead besides its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import requests
from django.utils import timezone

from crm.models import Lead, Property
from integrations.hub.classification import classified
from integrations.hub.commands import Command
from integrations.hub.errors import (
    Conflict,
    Exists,
    Forbidden,
    GateClosed,
    HubError,
    NotFound,
    Rejected,
)
from integrations.hub.faults import fault
from integrations.hub.mapping.stored import named_since
from integrations.hub.models import Connection, FieldMapping, SyncRecord
from integrations.hub.streams import RemoteRecord, Write, Written
from integrations.rest_crm.client import Client
from integrations.rest_crm.translate import FIRST_NAME, LAST_NAME, NAME, record_of, values_sent

# What one record met; anything else is the connection's trouble, and each record's.
OF_ONE_RECORD = (Rejected, NotFound, Forbidden, Conflict)
WAIT_SECONDS = 20.0
LONGEST_WAIT = timedelta(hours=1)


# --- Records ------------------------------------------------------------------------------------


def write(kind: str, connection: Connection, writes: Sequence[Write]) -> list[Written]:
    """Make and change records one by one, or make many in one call where the CRM takes that.

    A make carries our id as their reference, so one that landed before is answered with Exists.
    """
    client = Client(connection)
    makes = [one for one in writes if one.external_id is None]
    if kind == "lead" and client.configuration.has_batch and len(makes) > 1:
        rest = [one for one in writes if one.external_id is not None]
        return [*_batch(client, makes), *_one_by_one(kind, client, rest)]
    return _one_by_one(kind, client, writes)


def _one_by_one(kind: str, client: Client, writes: Sequence[Write]) -> list[Written]:
    answers: list[Written] = []
    trouble: HubError | None = None
    for one in writes:
        if trouble is None:
            try:
                answers.append(Written(one.key, record=_write(kind, client, one)))
                continue
            except OF_ONE_RECORD as error:
                answers.append(Written(one.key, error=error))
                continue
            except (HubError, requests.RequestException) as error:
                trouble = classified(error)
        answers.append(Written(one.key, error=trouble))
    return answers


def _write(kind: str, client: Client, one: Write) -> RemoteRecord:
    is_person = kind == "lead"
    if one.external_id is None:
        made = client.create(kind, _made_of(kind, client.connection, one))
        return record_of(made, is_person=is_person)
    values, held = _with_siblings(kind, client, one)
    changed = values_sent(values, held=held)
    answer = client.update(kind, one.external_id, changed)
    return record_of(answer, external_id=one.external_id, is_person=is_person)


def _batch(client: Client, makes: Sequence[Write]) -> list[Written]:
    answers: list[Written] = []
    size = client.configuration.batch_size
    for start in range(0, len(makes), size):
        some = makes[start : start + size]
        bodies = [_made_of("lead", client.connection, one) for one in some]
        for one, answer in zip(some, client.leads_batch(bodies), strict=True):
            if answer.is_ok:
                answers.append(Written(one.key, record=RemoteRecord(answer.external_id)))
            elif answer.existing_id:
                error = Exists(answer.refusal, external_id=answer.existing_id)
                answers.append(Written(one.key, error=error))
            else:
                answers.append(Written(one.key, error=Rejected(answer.refusal, status=422)))
    return answers


def _made_of(kind: str, connection: Connection, one: Write) -> dict[str, Any]:
    """The fields of a new record; a lead with the day it came to us, which is told once."""
    values = values_sent(one.values, held={})
    if kind == "lead":
        leads = Lead.objects.filter(workspace=connection.workspace_id)
        created_at = leads.filter(pk=local_id(one)).values_list("created_at", flat=True).first()
        values["created_at"] = created_at
    return values


def local_id(one: Write) -> int:
    """Our id out of the reference that they keep."""
    return int(one.local_id.rpartition("-")[2])


def _with_siblings(
    kind: str, client: Client, one: Write
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The changed fields with those that go out inside the same object, and what they hold."""
    names = {NAME if name in (FIRST_NAME, LAST_NAME) else name for name in one.values}
    more = client.configuration.objects[kind].together(names) - names
    if not more and NAME not in names:
        return one.values, {}
    held = _held(kind, client.connection, str(one.external_id))
    siblings = {name: held[name] for name in more if held.get(name) not in (None, "")}
    return {**siblings, **one.values}, held


def _held(kind: str, connection: Connection, external_id: str) -> dict[str, Any]:
    """What they were last known to hold, be it agreed on or not, by their names."""
    links = SyncRecord.objects.filter(connection=connection, object=kind, external_id=external_id)
    link = links.only("base_theirs", "theirs_pending", "mapping_version").first()
    if link is None:
        return {}
    rows = list(FieldMapping.objects.filter(connection=connection, object=kind))
    others = {path for path, since in named_since(rows).items() if since > link.mapping_version}
    names = {row.path: row.external for row in rows if row.is_enabled}
    known = {**link.base_theirs, **link.theirs_pending}
    return {names.get(path, path): value for path, value in known.items() if path not in others}


# --- What is told besides -----------------------------------------------------------------------


def activity_create(command: Command) -> None:
    """Write a viewing onto the lead's timeline there; twice is once, by our reference."""
    client, lead = Client(command.connection), _lead_there(command)
    values = {
        "id": command.key("activity"),
        "kind": command.body["kind"],
        "at": datetime.fromisoformat(command.body["at"]),
        "note": command.body["note"],
    }
    _once(lambda: client.activity_create(lead, values))


def deal_create(command: Command) -> None:
    """Tell of the deal that a lead became."""
    client, lead = Client(command.connection), _lead_there(command)
    values = {
        "id": command.key("deal"),
        "lead": lead,
        "name": command.body["name"],
        "amount": Decimal(command.body["amount"]),
        "property": _property_there(command),
    }
    _once(lambda: client.create("deal", values))


def inquiry_create(command: Command) -> None:
    """Tell what a lead asked for by a form."""
    client, lead = Client(command.connection), _lead_there(command)
    values = {
        "id": command.key("inquiry"),
        "lead": lead,
        "property": _property_there(command),
        "message": command.body["message"],
        "utm_source": command.body["utm_source"],
    }
    _once(lambda: client.create("inquiry", values))


def _once(call: Any) -> None:
    """An earlier try whose answer was lost has landed: what was wanted is there."""
    try:
        call()
    except Exists:
        return
    fault("push.after_api")


def _lead_there(command: Command) -> str:
    """Their id of the lead; raises GateClosed while it is still on its way there."""
    lead = Lead.objects.filter(workspace=command.connection.workspace, pk=command.record_id).first()
    if lead is None:
        raise Rejected("The lead is gone.")
    known = command.links.get("lead", lead)
    if known is not None:
        return known
    if timezone.now() - command.intent.created_at > LONGEST_WAIT:
        raise Rejected("The lead did not reach the CRM, so nothing can be told of it there.")
    raise GateClosed("The lead is on its way to the CRM.", after=WAIT_SECONDS)


def _property_there(command: Command) -> str | None:
    wanted = command.body["property"]
    found = Property.objects.filter(workspace=command.connection.workspace, pk=wanted).first()
    return None if found is None else command.links.get("property", found)
