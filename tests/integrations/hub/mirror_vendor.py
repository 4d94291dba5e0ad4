"""The mirror's vendor as a real HTTP server: pages, batches, a log, and misbehaviour on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.integrations.hub.mirror_rules import Rules
from tests.integrations.hub.mirror_tables import Refusal, Tables, Thing, place_of

API_KEY = "mirror_live_aVerySecretKey123"
WEBHOOK_SECRET = "mirror_hook_anotherSecret456"
USERS = [
    {"id": "u1", "email": "ann@mirror.test", "name": "Ann"},
    {"id": "u2", "email": "bob@mirror.test", "name": "Bob"},
]
PIPELINES = [
    {
        "id": "pl1",
        "name": "Sales",
        "stages": [
            {"id": "st1", "name": "Open", "probability": 20},
            {"id": "st2", "name": "Offer", "probability": 60},
            {"id": "st3", "name": "Won", "probability": 100, "is_won": True},
            {"id": "st4", "name": "Lost", "probability": 0, "is_lost": True},
        ],
    }
]


@dataclass(frozen=True)
class Call:
    """One request of the log; `kind` is list, read, find, write, delete, users, account …"""

    kind: str
    object: str
    body: Mapping[str, Any]
    at: float
    status: int = 0


@dataclass(frozen=True)
class Trouble:
    """What the next request (of a kind, when named) meets.

    `status` answers with it and does nothing. `is_lost` does the work, then breaks the connection;
    `is_reset` breaks it and does nothing; `is_late` breaks it and does the work when told to
    (`land_late`). `seconds` is how long it takes before anything.
    """

    kind: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    is_lost: bool = False
    is_reset: bool = False
    is_late: bool = False
    seconds: float = 0
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None


@dataclass
class MirrorVendor:
    """`script` holds troubles for the next requests; `always` one for each of its kind."""

    url: str = ""
    tables: Tables = field(default_factory=Tables)
    script: list[Trouble] = field(default_factory=list)
    always: Callable[[str, Mapping[str, Any]], Trouble | None] | None = None
    calls: list[Call] = field(default_factory=list)
    landed: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    late: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    key: str = API_KEY

    # --- For tests ----------------------------------------------------------------------------

    @property
    def rules(self) -> Rules:
        return self.tables.rules

    def add(self, object: str, **values: Any) -> str:
        with self.lock:
            return self.tables.add(object, **values)

    def edit(self, object: str, id: str, **values: Any) -> None:
        with self.lock:
            self.tables.edit(object, id, **values)

    def remove(self, object: str, id: str, *, is_erased: bool = False) -> None:
        with self.lock:
            self.tables.remove(object, id, is_erased=is_erased)

    def restore(self, object: str, id: str) -> None:
        with self.lock:
            self.tables.restore(object, id)

    def merge(self, object: str, winner_id: str, loser_id: str) -> None:
        with self.lock:
            self.tables.merge(object, winner_id, loser_id)

    def get(self, object: str, id: str) -> Thing:
        return self.tables.things[object][id]

    def value(self, object: str, id: str, name: str) -> Any:
        return self.get(object, id).values.get(name)

    def live(self, object: str) -> list[Thing]:
        """The things that are there, in the order they were made."""
        things = self.tables.things[object].values()
        return [one for one in things if not one.is_deleted and not one.merged_into]

    def count(self, kind: str, object: str = "") -> int:
        """How many requests of a kind came in."""
        return sum(1 for one in self.calls if one.kind == kind and object in ("", one.object))

    def writes(self, object: str = "") -> list[tuple[str, dict[str, Any], str]]:
        """What was written here through the API: object, the write, the id of the thing."""
        return [one for one in self.landed if object in ("", one[0])]

    def makes(self, object: str = "") -> int:
        return sum(1 for _, write, _ in self.writes(object) if not write["id"])

    def forget_calls(self) -> None:
        """The counts start again from nothing."""
        with self.lock:
            self.calls.clear()
            self.landed.clear()

    def land_late(self) -> None:
        """Writes that were answered by nothing are applied now, as far as they still can."""
        with self.lock:
            waiting, self.late = self.late, []
            for object, body in waiting:
                self._write(object, body)

    def events_take(self) -> list[dict[str, Any]]:
        """The events since the last call, oldest first."""
        with self.lock:
            events, self.tables.events = self.tables.events, []
            return [event | {"id": f"{event['id']}_{time.monotonic_ns()}"} for event in events]

    # --- HTTP ---------------------------------------------------------------------------------

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        kind, object = _named(request)
        body = request.get_json(silent=True) or dict(request.args)
        trouble = self._trouble(kind, body)
        time.sleep(trouble.seconds)
        if trouble.before:
            trouble.before()
        response = self._answer(request, kind, object, body, trouble)
        if trouble.after:
            trouble.after()
        with self.lock:
            self.calls.append(Call(kind, object, body, time.monotonic(), response.status_code))
        if trouble.is_lost or trouble.is_reset or trouble.is_late:
            _hang_up(environ)
        return response(environ, start_response)

    def _trouble(self, kind: str, body: Mapping[str, Any]) -> Trouble:
        with self.lock:
            for number, one in enumerate(self.script):
                if one.kind in ("", kind):
                    return self.script.pop(number)
        return (self.always(kind, body) if self.always else None) or Trouble()

    def _answer(
        self, request: Request, kind: str, object: str, body: Any, trouble: Trouble
    ) -> Response:
        if trouble.status:
            words = json.dumps({"message": f"scripted {trouble.status}"})
            return Response(words, trouble.status, headers=dict(trouble.headers))
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return Response('{"message": "bad key"}', 401)
        with self.lock:
            if trouble.is_late:
                self.late.append((object, body))
            if trouble.is_late or trouble.is_reset:
                return Response("", 500)
            return Response(
                json.dumps(self._usual(kind, object, body)), mimetype="application/json"
            )

    def _usual(self, kind: str, object: str, body: Any) -> Any:
        if kind == "list":
            return self._list(object, body)
        if kind == "read":
            told = [self._told(object, id) for id in body["ids"]]
            return {"results": [one for one in told if one]}
        if kind == "find":
            found = [
                self.tables.told(object, thing)
                for value in body["values"]
                for thing in self.tables.holding(object, body["key"], value)
            ]
            return {"results": found}
        if kind == "write":
            return self._write(object, body)
        if kind == "delete":
            for id in body["ids"]:
                self.tables.archive(object, id)
            return {}
        if kind in ("users", "pipelines"):
            return {"results": USERS if kind == "users" else PIPELINES}
        return {"id": "mirror_1", "name": "Mirror Ltd"}

    def _list(self, object: str, body: Mapping[str, Any]) -> dict[str, Any]:
        rows = self.tables.listed(object, body.get("since", ""), body.get("after", ""))
        size = self.rules.page_size
        page, more = rows[:size], len(rows) > size
        moment, id = place_of(page[-1]) if page else ("", "")
        index = {"is_deleted": False} if self.rules.lists_gone_as_alive else {}
        return {
            "results": [self.tables.told(object, one) | index for one in page],
            "after": f"{moment.isoformat()}|{id}" if more else "",
        }

    def _told(self, object: str, id: str) -> dict[str, Any] | None:
        thing = self.tables.found(object, id)
        return self.tables.told(object, thing) | {"asked": id} if thing else None

    def _write(self, object: str, body: Mapping[str, Any]) -> dict[str, Any]:
        results = []
        for write in body["writes"]:
            try:
                thing = self.tables.write(object, write)
            except Refusal as refusal:
                said = {"status": refusal.status, "message": str(refusal)}
                results.append(said | {"key": write["key"], "existing_id": refusal.existing_id})
                continue
            self.landed.append((object, write, thing.id))
            told = self.tables.told(object, thing)
            results.append({"key": write["key"], "status": 200, "record": told})
        return {"results": results}


def signature(body: bytes, secret: str = WEBHOOK_SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def retry_after(kind: str, seconds: int) -> Trouble:
    return Trouble(kind, status=429, headers={"Retry-After": str(seconds)})


def _named(request: Request) -> tuple[str, str]:
    """What a request asks for, and of which object."""
    path = request.path.strip("/").split("/")[1:]
    if len(path) == 2:
        return path[1], path[0]
    known = path[0] in ("companies", "people", "deals")
    return ("list", path[0]) if known else (path[0], "")


def _hang_up(environ: Mapping[str, Any]) -> None:
    """The client never gets an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


@contextmanager
def running_vendors(*names: str) -> Iterator[dict[str, MirrorVendor]]:
    """Vendors on one port, told apart by the provider's name in the path."""
    vendors = {name: MirrorVendor() for name in names}

    def switchboard(environ: dict[str, Any], start_response: Any) -> Any:
        name = environ["PATH_INFO"].strip("/").split("/")[0]
        return vendors[name](environ, start_response)

    class Handler(WSGIRequestHandler):
        """Dates its answers by the first vendor's clock."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(vendors[names[0]].tables.now(), usegmt=True)

    server: BaseWSGIServer = make_server(
        "127.0.0.1", 0, switchboard, threaded=True, request_handler=Handler
    )
    for vendor in vendors.values():
        vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield vendors
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_vendor() -> Iterator[MirrorVendor]:
    with running_vendors("mirror") as vendors:
        yield vendors["mirror"]
