"""The control pages and the control API."""

from __future__ import annotations

import re

import pytest
import requests

from integrations.hub.sandbox.server import SandboxServer
from tests.integrations.sandbox.conftest import Receiver
from tests.sandbox import running_sandbox


@pytest.mark.parametrize("path", ["/", "/parrot/", "/nothing/here/", "/_assets/sandbox.css"])
def test_pages_carry_a_strict_policy_and_nothing_inline(server: SandboxServer, path: str) -> None:
    page = requests.get(f"{server.url}{path}", timeout=5)

    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)


def test_vendor_page_lists_rows_and_escapes_them(server: SandboxServer) -> None:
    requests.post(f"{server.url}/parrot/v1", data="<b>bold</b>", timeout=5)

    page = requests.get(f"{server.url}/parrot/", timeout=5).text

    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>" not in page
    assert page.count("<h1>") == 1


def test_form_acts_and_comes_back_with_words(server: SandboxServer, receiver: Receiver) -> None:
    page = requests.post(
        f"{server.url}/_control/parrot/actions/tell", data={"word": "hi"}, timeout=5
    )

    assert page.status_code == 200
    assert page.url.startswith(f"{server.url}/parrot/")
    assert "Told hi." in page.text


@pytest.mark.parametrize(
    ("door", "content", "status", "words"),
    [
        ("actions/refuse", {}, 409, "Never."),
        ("actions/missing", {}, 409, "No action is called"),
        ("actions/tell", {"word": "x"}, 409, "Nobody listens."),
        ("faults", {"kind": "missing"}, 409, "No misbehaviour is called"),
        ("faults", {"kind": "slow", "value": "soon"}, 409, "not a number of seconds"),
        ("faults", {"kind": "teapot", "times": "-1"}, 409, "not a whole number"),
        ("webhooks/missing", {}, 409, "No switch is called"),
        ("missing", {}, 404, "No such door"),
    ],
)
def test_control_api_refuses_in_words(
    server: SandboxServer, door: str, content: dict[str, str], status: int, words: str
) -> None:
    reply = requests.post(f"{server.url}/_control/parrot/{door}", json=content, timeout=5)

    assert reply.status_code == status
    assert words in reply.json()["error"]


def test_form_of_another_site_is_refused(server: SandboxServer) -> None:
    reply = requests.post(
        f"{server.url}/_control/parrot/reset",
        data={},
        headers={"Origin": "https://evil.example"},
        timeout=5,
    )

    assert reply.status_code == 403


def test_misbehaviour_is_set_listed_and_cleared(server: SandboxServer) -> None:
    faults = f"{server.url}/_control/parrot/faults"
    requests.post(faults, json={"kind": "teapot", "times": None, "path": "/v1"}, timeout=5)
    page = requests.get(f"{server.url}/parrot/", timeout=5).text

    assert "until cleared" in page
    assert requests.get(f"{server.url}/parrot/v1", timeout=5).status_code == 418
    assert [rule["kind"] for rule in requests.get(faults, timeout=5).json()] == ["teapot"]
    assert "1 " in requests.delete(faults, timeout=5).json()["said"]
    assert requests.get(faults, timeout=5).json() == []


def test_rows_requests_and_reset(server: SandboxServer) -> None:
    control = f"{server.url}/_control/parrot"
    requests.post(f"{server.url}/parrot/v1", data="word", timeout=5)

    assert [row["word"] for row in requests.get(f"{control}/rows/words", timeout=5).json()] == [
        "word"
    ]
    assert requests.get(f"{control}/requests", timeout=5).json()[0]["path"] == "/v1"
    assert "teapot" in requests.get(f"{control}/", timeout=5).json()["faults"]
    assert requests.get(f"{control}/rows/_deliveries", timeout=5).status_code == 404
    requests.post(f"{control}/reset", json={}, timeout=5)
    assert requests.get(f"{control}/rows/words", timeout=5).json() == []


def test_stripes_page_shows_no_secret() -> None:
    with running_sandbox(is_recorded=False) as sandbox:
        made = requests.post(
            f"{sandbox.url}/stripe/v1/webhook_endpoints",
            data={"url": "http://127.0.0.1:9/", "enabled_events[]": "*"},
            headers={"Authorization": "Bearer sk_test_nexa_x"},
            timeout=5,
        ).json()
        page = requests.get(f"{sandbox.url}/stripe/", timeout=5).text
        rows = requests.get(f"{sandbox.url}/_control/stripe/rows/webhook_endpoints", timeout=5).text

    assert made["secret"].startswith("whsec_")
    assert made["id"] in page
    assert made["secret"] not in page + rows
