"""Web-hooks of the sandbox: in order, again after a failure, held, doubled, dropped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import requests

from integrations.hub.sandbox.server import SandboxServer
from tests.integrations.sandbox.conftest import PARROT, Receiver


def tell(server: SandboxServer, *words: str) -> None:
    for word in words:
        server.vendors["parrot"].fake.actions["tell"].run({"word": word})


def switch(server: SandboxServer, name: str, **values: Any) -> requests.Response:
    url = f"{server.url}/_control/parrot/webhooks/{name}"
    return requests.post(url, json=values, timeout=5)


def log(server: SandboxServer) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = requests.get(
        f"{server.url}/_control/parrot/deliveries", timeout=5
    ).json()
    return answer


def test_webhooks_arrive_in_order_and_signed(server: SandboxServer, receiver: Receiver) -> None:
    tell(server, "one", "two", "three")

    assert server.wait_delivered()
    assert receiver.bodies == ["one", "two", "three"]
    assert receiver.headers[0]["x-parrot"] == "we_1:3"
    assert [row["state"] for row in log(server)] == ["delivered"] * 3


def test_failed_webhook_is_sent_again_later(server: SandboxServer, receiver: Receiver) -> None:
    receiver.statuses = [503]
    tell(server, "again")
    server.wait_delivered()
    first = log(server)[0]
    until = time.monotonic() + 10
    while len(receiver.bodies) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    server.wait_delivered()

    assert (first["state"], first["attempts"][0]["status"]) == ("waiting", 503)
    assert receiver.bodies == ["again", "again"]
    assert log(server)[0]["state"] == "delivered"


def test_held_webhooks_are_released_in_reverse(server: SandboxServer, receiver: Receiver) -> None:
    switch(server, "hold")
    tell(server, "one", "two", "three")
    assert receiver.bodies == []

    assert switch(server, "release_backwards").json()["said"].startswith("3 ")
    server.wait_delivered()

    assert receiver.bodies == ["three", "two", "one"]


def test_next_webhooks_are_dropped_or_doubled(server: SandboxServer, receiver: Receiver) -> None:
    switch(server, "drop", count=1)
    switch(server, "duplicate", count=1)
    tell(server, "lost", "twice", "once")
    server.wait_delivered()

    assert receiver.bodies == ["twice", "twice", "once"]
    assert [row["state"] for row in log(server)].count("dropped") == 1


def test_webhook_to_nobody_is_kept_with_its_reason(
    server: SandboxServer, receiver: Receiver
) -> None:
    server.vendors["parrot"].collection("urls").put(
        "hook", {"id": "hook", "url": "http://127.0.0.1:9/"}
    )
    tell(server, "void")
    server.wait_delivered()

    assert log(server)[0]["attempts"][0]["error"] == "ConnectionError"


def test_unsent_webhooks_are_sent_after_a_restart(
    tmp_path: Path, server: SandboxServer, receiver: Receiver
) -> None:
    store = tmp_path / "vendors.sqlite"
    first = SandboxServer(apps=[PARROT], store=store)
    first.vendors["parrot"].collection("urls").put("hook", {"id": "hook", "url": receiver.url})
    tell(first, "late")  # never started, so never sent
    first._store.close()

    second = SandboxServer(apps=[PARROT], store=store)
    second.start()
    assert second.wait_delivered()
    second.stop()

    assert receiver.bodies == ["late"]
