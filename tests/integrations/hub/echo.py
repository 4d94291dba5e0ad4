"""A small provider for the engine's own tests, and its vendor as a real HTTP server."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from crm.models import Account
from crm.services.accounts import account_create
from integrations.hub.access import ApiKeyAuth, CredentialField, SettingField
from integrations.hub.commands import Command
from integrations.hub.errors import Ignored, Unverified
from integrations.hub.facts import connection_origin
from integrations.hub.faults import fault
from integrations.hub.http import raise_for_status, session_for
from integrations.hub.models import Connection
from integrations.hub.provider import Fact, Provider, RateLimit, Webhook
from integrations.hub.pushes import Push
from integrations.hub.types import AccountInfo, Event, RawRequest, Registration

HOST = "https://api.echo.test"
API_KEY = "echo_live_aVerySecretKey123"
WEBHOOK_SECRET = "echo_hook_anotherSecret456"


# --- Outbound -----------------------------------------------------------------------------------
def call(connection: Connection, method: str, path: str, **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {connection.secret('api_key')}"}
    headers |= options.pop("headers", {})
    session = session_for(connection)
    return raise_for_status(session.request(method, HOST + path, headers=headers, **options)).json()


def account_info(connection: Connection) -> AccountInfo:
    answer = call(connection, "GET", "/account")
    return AccountInfo(answer["id"], answer["name"])


def thing_create(command: Command) -> None:
    account = Account.objects.get(pk=command.record_id)
    if command.links.get("thing", account) is None:
        headers = {"Idempotency-Key": command.key("thing")}
        thing = call(
            command.connection, "POST", "/things", json=dict(command.body), headers=headers
        )
        fault("push.after_api")
        command.links.put("thing", account, thing["id"])


def broken(command: Command) -> None:
    raise ZeroDivisionError(f"a bug that knows {command.connection.secret('api_key')}")


def account_push(push: Push) -> None:
    account = Account.objects.get(pk=push.record_id)
    call(push.connection, "PUT", f"/accounts/{account.pk}", json={"name": account.name})


# --- Inbound ------------------------------------------------------------------------------------
def signature(body: bytes, secret: str = WEBHOOK_SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(request: RawRequest, connection: Connection) -> None:
    expected = signature(request.body, connection.secret("webhook_secret"))
    if not hmac.compare_digest(expected, request.header("X-Echo-Signature")):
        raise Unverified("wrong signature")


def events(request: RawRequest, connection: Connection) -> list[Event]:
    said = request.json
    return [
        Event(
            id=one.get("id", ""),
            kind=one["kind"],
            payload=one,
            subject=one.get("subject", ""),
            key=one.get("key", ""),
        )
        for one in said["events"]
    ]


def account_made(connection: Connection, event: Event) -> None:
    if event.payload.get("boring"):
        raise Ignored("boring")
    if event.payload.get("explode"):
        raise ValueError(f"cannot read this with {connection.secret('api_key')}")
    account_create(
        workspace=connection.workspace,
        values={"name": event.payload["name"]},
        origin=connection_origin(connection, event.kind),
    )


def account_fetched(connection: Connection, event: Event) -> Event:
    answer = call(connection, "GET", f"/names/{event.payload['name']}")
    return Event(event.id, event.kind, {"name": answer["name"]})


def ensure(connection: Connection, url: str) -> Registration:
    hook = connection.settings.get("hook_id")
    if hook and call(connection, "GET", f"/hooks/{hook}").get("name"):
        return Registration()
    made = call(connection, "POST", "/hooks", json={"url": url})
    note = "The web-hook was made."
    return Registration({"webhook_secret": WEBHOOK_SECRET}, {"hook_id": made["id"]}, note)


def unregister(connection: Connection) -> None:
    call(connection, "DELETE", f"/hooks/{connection.settings['hook_id']}")


provider = Provider(
    id="echo",
    name="Echo",
    summary="Says back what it is told.",
    auth=ApiKeyAuth(
        fields=(
            CredentialField("api_key", "API key", pattern=r"echo_live_\w+"),
            CredentialField("webhook_secret", "Signing secret", is_required=False, is_signing=True),
        )
    ),
    check=account_info,
    hosts=("api.echo.test",),
    limits=(RateLimit("api", requests=10_000, seconds=1),),
    settings_fields=(SettingField("days", "Days", kind="integer", default=30),),
    webhook=Webhook(verify, events, ensure, unregister, headers=("x-echo-signature",)),
    commands={"thing_create": thing_create, "broken": broken},
    facts={
        "account.made": Fact(account_made),
        "account.named": Fact(account_made, fetch=account_fetched),
    },
    pushes={"account": account_push},
)


# --- The vendor ---------------------------------------------------------------------------------
Answer = Callable[[Request], Response | None]


def status(code: int, **headers: str) -> Answer:
    """Answer with this status and do nothing else."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: Response('{"message": "scripted"}', code, headers=names)


def slow_down(seconds: float) -> Answer:
    """Take time, then answer as usual."""

    def wait(request: Request) -> None:
        time.sleep(seconds)

    return wait


@dataclass
class EchoVendor:
    """Keeps things by idempotency key; `script` holds answers for the next requests."""

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    always: Answer | None = None
    requests: list[tuple[str, str, dict[str, str], str, float]] = field(default_factory=list)
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: int = 0
    most_running: int = 0

    def calls(self, path: str) -> int:
        return sum(1 for seen in self.requests if seen[1] == path)

    def keys(self) -> set[str]:
        return {seen[2].get("Idempotency-Key", "") for seen in self.requests if seen[0] == "POST"}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        with self.lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            return self._answer(request)(environ, start_response)
        finally:
            with self.lock:
                self.running -= 1

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix("/echo")
        text = request.get_data(as_text=True)
        with self.lock:
            self.requests.append(
                (request.method, path, dict(request.headers), text, time.monotonic())
            )
            scripted = self.script.pop(0) if self.script else self.always
        answer = scripted(request) if scripted else None
        return answer or self._usual(request, path, text)

    def _usual(self, request: Request, path: str, text: str) -> Response:
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            return Response('{"message": "bad key"}', 401)
        if (request.method, path) == ("POST", "/things"):
            key = request.headers["Idempotency-Key"]
            with self.lock:
                thing = self.things.setdefault(key, {"id": f"thing_{len(self.things) + 1}"})
            return _json(thing)
        if path.startswith("/names/"):
            return _json({"name": path.removeprefix("/names/").upper()})
        return _json({"id": "acct_1", "name": "Echo Ltd", "said": text})


def _json(value: Any) -> Response:
    return Response(json.dumps(value), mimetype="application/json", headers={"Request-Id": "req_1"})


@contextmanager
def running_vendor() -> Iterator[EchoVendor]:
    vendor = EchoVendor()
    server: BaseWSGIServer = make_server("127.0.0.1", 0, vendor, threaded=True)
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
