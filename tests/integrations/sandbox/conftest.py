"""A small vendor for tests of the frame, and a receiver for its web-hooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integrations.hub.sandbox.deliveries import Message
from integrations.hub.sandbox.fake import (
    Action,
    Button,
    FaultKind,
    Field,
    Row,
    SandboxApp,
    SandboxRefusal,
    Table,
    VendorRequest,
    VendorResponse,
    json_response,
)
from integrations.hub.sandbox.server import SandboxServer
from integrations.hub.sandbox.vendor import Vendor


class ParrotFake:
    """Answers with what it was asked, keeps what it is posted, tells of it by web-hook."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.actions: Mapping[str, Action] = {
            "tell": Action("Tell", self.tell, (Field("word", "Word", "hello"),), is_general=True),
            "refuse": Action("Refuse", self.refuse),
        }
        self.faults: Mapping[str, FaultKind] = {
            "teapot": FaultKind("418", lambda request, value: json_response(418, {"said": value}))
        }

    def answer(self, request: VendorRequest) -> VendorResponse:
        if request.method == "POST":
            with self.vendor.store.transaction():
                number = str(self.vendor.collection("words").count() + 1)
                word = request.body.decode()
                self.vendor.collection("words").put(number, {"id": number, "word": word})
        return json_response(
            200,
            {
                "path": request.path,
                "query": request.query,
                "body": request.body.decode(),
                "secret": "s3cret-in-the-reply",
            },
        )

    def webhook_headers(self, endpoint: str, body: bytes) -> Mapping[str, str]:
        return {"X-Parrot": f"{endpoint}:{len(body)}"}

    def tables(self) -> list[Table]:
        words = list(self.vendor.collection("words").newest_first())
        rows = tuple(
            Row((row["id"], row["word"]), (Button("tell", "Tell", {"word": row["word"]}),))
            for row in words
        )
        return [Table("words", "Words", ("Number", "Word"), rows, len(words))]

    def tell(self, values: Mapping[str, str]) -> str:
        url = self.vendor.collection("urls").get("hook")
        word = values.get("word", "")
        if url is None:
            raise SandboxRefusal("Nobody listens.")
        self.vendor.post_webhook(
            Message(endpoint="we_1", url=url["url"], event=word, kind="word", body=word)
        )
        return f"Told {word}."

    def refuse(self, _: Mapping[str, str]) -> str:
        raise SandboxRefusal("Never.")


PARROT = SandboxApp(
    "parrot",
    "Parrot",
    ParrotFake,
    secret_fields=frozenset({"secret"}),
    pages=frozenset({"/v1/consent"}),
)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    made = SandboxServer(apps=[PARROT])
    made.start()
    yield made
    made.stop()


@dataclass
class Receiver:
    """Keeps what it is sent; answers the statuses it is told, then 200."""

    url: str = ""
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@pytest.fixture
def receiver(server: SandboxServer) -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            kept.bodies.append(self.rfile.read(length).decode())
            kept.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(kept.statuses.pop(0) if kept.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Silent."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{listening.server_port}/hook"
    server.vendors["parrot"].collection("urls").put("hook", {"id": "hook", "url": kept.url})
    yield kept
    listening.shutdown()
    listening.server_close()
