"""The mirror's calls to its vendor, and its web-hooks; declared in mirror.py."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from requests.adapters import BaseAdapter

from integrations.hub.errors import Exists, HubError, NotApplied, NotFound, Rejected, Unverified
from integrations.hub.http import raise_for_status, session_for
from integrations.hub.merge import Rule
from integrations.hub.models import Connection
from integrations.hub.streams import (
    ID_MARKER,
    WRITE_MARKER,
    ExternalField,
    ExternalPipeline,
    ExternalStage,
    ExternalUser,
    Hint,
    Page,
    PullRequest,
    RemoteRecord,
    Write,
    Written,
)
from integrations.hub.types import AccountInfo, Event, RawRequest
from tests.integrations.hub.mirror_tables import FIELDS
from tests.integrations.hub.mirror_vendor import signature

HOST = "https://api.mirror.test"
VARIABLE = "MIRROR_SHAPE"
# What carries the calls of a model checker, which makes more of them than sockets bear (direct.py).
CARRIER: ContextVar[BaseAdapter | None] = ContextVar("mirror_carrier", default=None)


@dataclass(frozen=True)
class Shape:
    """What the provider declares of its streams; worker processes get it by the environment."""

    has_markers: bool = True
    is_guarded: bool = False
    is_sorted: bool = True
    can_read: bool = True
    can_find: bool = True
    can_write: bool = True
    can_delete: bool = True
    has_deals: bool = False
    read_size: int = 100
    write_size: int = 10
    rule: str = Rule.LAST_WRITE.value
    overlap_seconds: int = 120

    def environment(self) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self))}


def shape_of_environment() -> Shape:
    return Shape(**json.loads(os.environ.get(VARIABLE, "{}")))


# --- Calls ----------------------------------------------------------------------------------------
def call(connection: Connection, method: str, path: str, **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {connection.secret('api_key')}"}
    session = session_for(connection)
    if carrier := CARRIER.get():
        session.mount(HOST, carrier)
    return raise_for_status(session.request(method, HOST + path, headers=headers, **options)).json()


def account_info(connection: Connection) -> AccountInfo:
    answer = call(connection, "GET", "/account")
    return AccountInfo(answer["id"], answer["name"])


def record_of(told: Mapping[str, Any]) -> RemoteRecord:
    return RemoteRecord(
        id=told["id"],
        values=told["values"],
        version=told["version"],
        modified_at=datetime.fromisoformat(told["modified_at"]) if told["modified_at"] else None,
        is_deleted=told["is_deleted"],
        is_erased=told["is_erased"],
        former_ids=tuple(told["former_ids"]),
    )


def pull(object: str, connection: Connection, request: PullRequest) -> Page:
    asked = {"since": request.since.isoformat()} if request.since else {}
    if request.cursor:
        asked["after"] = request.cursor["after"]
    answer = call(connection, "GET", f"/{object}", params=asked)
    cursor = {"after": answer["after"]} if answer["after"] else None
    return Page([record_of(one) for one in answer["results"]], cursor)


def read(
    object: str, connection: Connection, ids: Sequence[str], fields: Sequence[str]
) -> list[RemoteRecord]:
    answer = call(connection, "POST", f"/{object}/read", json={"ids": list(ids)})
    return [record_of(one) for one in answer["results"]]


def find(
    object: str,
    connection: Connection,
    key: str,
    values: Sequence[str],
    fields: Sequence[str],
) -> list[RemoteRecord]:
    body = {"key": key, "values": list(values)}
    answer = call(connection, "POST", f"/{object}/find", json=body)
    return [record_of(one) for one in answer["results"]]


def write(
    object: str, shape: Shape, connection: Connection, writes: Sequence[Write]
) -> list[Written]:
    body = {"writes": [_written_out(one, shape) for one in writes]}
    answer = call(connection, "POST", f"/{object}/write", json=body)
    return [_result(one) for one in answer["results"]]


def _written_out(one: Write, shape: Shape) -> dict[str, Any]:
    values = {**one.values}
    if shape.has_markers:
        values |= {ID_MARKER: one.local_id, WRITE_MARKER: one.key}
    # What was read before tells the oracles only what a write could not know.
    seen = one.read.version if one.read else ""
    body = {"key": one.key, "id": one.external_id, "values": values, "seen": seen}
    return body | ({"if_match": one.read.version} if shape.is_guarded and one.read else {})


def _result(answer: Mapping[str, Any]) -> Written:
    if answer["status"] == 200:
        return Written(answer["key"], record=record_of(answer["record"]))
    return Written(answer["key"], error=_error(answer))


def _error(answer: Mapping[str, Any]) -> HubError:
    words = answer["message"]
    errors: dict[int, Callable[[], HubError]] = {
        404: lambda: NotFound(words, status=404),
        409: lambda: Exists(words, external_id=answer["existing_id"]),
        412: lambda: NotApplied(words, status=412),
    }
    return errors.get(answer["status"], lambda: Rejected(words, status=answer["status"]))()


def delete(object: str, connection: Connection, ids: Sequence[str]) -> None:
    call(connection, "POST", f"/{object}/delete", json={"ids": list(ids)})


def describe(object: str, connection: Connection) -> list[ExternalField]:
    return [ExternalField(name, name.replace("_", " ").capitalize()) for name in FIELDS[object]]


def users(connection: Connection) -> list[ExternalUser]:
    answer = call(connection, "GET", "/users")
    return [ExternalUser(one["id"], one["email"], one["name"]) for one in answer["results"]]


def pipelines(connection: Connection) -> list[ExternalPipeline]:
    answer = call(connection, "GET", "/pipelines")
    return [
        ExternalPipeline(
            one["id"], one["name"], tuple(ExternalStage(**stage) for stage in one["stages"])
        )
        for one in answer["results"]
    ]


# --- Web-hooks ------------------------------------------------------------------------------------
def verify(request: RawRequest, connection: Connection) -> None:
    expected = signature(request.body, connection.secret("webhook_secret"))
    if not hmac.compare_digest(expected, request.header("X-Mirror-Signature")):
        raise Unverified("wrong signature")


def events(request: RawRequest, connection: Connection) -> list[Event]:
    return [
        Event(
            id=one["id"],
            kind=one["kind"],
            payload=one,
            subject=f"{one['object']}:{one['record']['id']}",
        )
        for one in request.json["events"]
    ]


def hints(event: Event) -> list[Hint]:
    """The thing itself, and those that were merged into it."""
    record = record_of(event.payload["record"])
    return [
        Hint(
            event.payload["object"],
            record.id,
            is_deleted=record.is_deleted,
            is_erased=record.is_erased,
            former_ids=record.former_ids,
            record=record,
        )
    ]
