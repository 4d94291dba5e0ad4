"""The server: routing, misbehaviour, recording, a store that lasts, a clean stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.hub.sandbox.server import PortBusy, SandboxServer, installed_apps
from integrations.hub.sandbox.store import StoreUnusable
from tests.integrations.sandbox.conftest import PARROT


def test_vendor_sees_the_path_as_on_its_own_host(server: SandboxServer) -> None:
    reply = requests.get(f"{server.url}/parrot/v1/a%2Fb?x=1&y=%20", timeout=5).json()

    assert (reply["path"], reply["query"]) == ("/v1/a%2Fb", "x=1&y=%20")


def test_unknown_vendor_is_404(server: SandboxServer) -> None:
    assert requests.get(f"{server.url}/nobody/v1", timeout=5).status_code == 404


def test_providers_fakes_are_found_through_the_settings() -> None:
    assert [app.id for app in installed_apps()] == settings.PROVIDERS


def test_provider_without_a_fake_stops_the_start(settings: object) -> None:
    settings.PROVIDERS = ["nowhere"]  # type: ignore[attr-defined]

    with pytest.raises(ImproperlyConfigured, match="nowhere"):
        installed_apps()


def test_busy_port_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortBusy, match=f"port {port}.*--port"):
            SandboxServer(port=port, apps=[PARROT])


def test_store_in_a_file_lasts_over_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        server = SandboxServer(apps=[PARROT], store=tmp_path / "vendors.sqlite")
        server.start()
        requests.post(f"{server.url}/parrot/v1", data="kept", timeout=5)
        rows = list(server.vendors["parrot"].collection("words").newest_first())
        server.stop()

    assert [row["id"] for row in rows] == ["2", "1"]


def test_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear all, this is not a database. " * 50)

    with pytest.raises(StoreUnusable, match=r"letter\.txt"):
        SandboxServer(apps=[PARROT], store=tmp_path / "letter.txt")


def test_failed_transaction_leaves_nothing(server: SandboxServer) -> None:
    vendor = server.vendors["parrot"]

    def fail_halfway() -> None:
        with vendor.store.transaction():
            vendor.collection("words").put("1", {"id": "1"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()

    assert vendor.collection("words").count() == 0


# --- Misbehaviour -------------------------------------------------------------------------------


def test_slow_reply_does_not_hold_up_others(server: SandboxServer) -> None:
    server.vendors["parrot"].misbehaviour.add("slow", path="/slow", value="30")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/parrot/slow", timeout=0.3)

    assert requests.get(f"{server.url}/parrot/quick", timeout=5).status_code == 200


def test_rule_skips_then_counts_down(server: SandboxServer) -> None:
    server.vendors["parrot"].misbehaviour.add("teapot", value="x", skip=1, times=2)

    statuses = [requests.get(f"{server.url}/parrot/v1", timeout=5).status_code for _ in range(5)]

    assert statuses == [200, 418, 418, 200, 200]


def test_rule_covers_its_method_and_path_only(server: SandboxServer) -> None:
    server.vendors["parrot"].misbehaviour.add("teapot", method="post", path="/v1", times=None)

    assert requests.get(f"{server.url}/parrot/v1", timeout=5).status_code == 200
    assert requests.post(f"{server.url}/parrot/v2", timeout=5).status_code == 200
    assert requests.post(f"{server.url}/parrot/v1/x", timeout=5).status_code == 418


def test_lost_reply_did_its_work_and_dropped_did_not(server: SandboxServer) -> None:
    vendor = server.vendors["parrot"]
    for kind in ("lost_reply", "dropped"):
        vendor.misbehaviour.add(kind)
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{server.url}/parrot/v1", data=kind, timeout=5)

    assert [row["word"] for row in vendor.collection("words").newest_first()] == ["lost_reply"]
    assert [seen.fault for seen in vendor.requests] == ["lost_reply", "dropped"]


# --- Recording ----------------------------------------------------------------------------------


def test_recording_holds_the_exchange_without_secrets(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "record.jsonl"
    server = SandboxServer(apps=[PARROT], record=file)
    server.start()
    server.vendors["parrot"].misbehaviour.add("dropped", method="DELETE")
    requests.post(
        f"{server.url}/parrot/v1/x?secret=s3cret-in-the-query&limit=1",
        data={"name": "A", "secret": "s3cret-in-the-body", "deep[secret]": "s3cret-deep"},
        headers={"Authorization": "Bearer s3cret-key", "X-Api-Key": "s3cret-two"},
        timeout=5,
    )
    with pytest.raises(requests.ConnectionError):
        requests.delete(f"{server.url}/parrot/v1/x", timeout=5)
    server.stop()

    text = file.read_text()
    answered, lost = (json.loads(line) for line in text.splitlines())
    assert "s3cret" not in json.dumps([answered["request"], answered["response"]["headers"]])
    assert answered["provider"] == "parrot"
    assert answered["request"]["method"] == "POST"
    assert answered["request"]["path"] == "/v1/x"
    assert answered["request"]["query"] == "secret=[redacted]&limit=1"
    assert answered["request"]["headers"]["authorization"] == "[redacted]"
    assert answered["response"]["status"] == 200
    assert answered["response"]["body"]["secret"] == "[redacted]"
    assert lost["response"] is None


def test_recording_leaves_out_what_browsers_open(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    server = SandboxServer(apps=[PARROT], record=file)
    server.start()
    for path in ("consent?scope=x", "other"):
        requests.post(f"{server.url}/parrot/v1/{path}", timeout=5)
    server.stop()

    (kept,) = (json.loads(line) for line in file.read_text().splitlines())
    assert kept["request"]["path"] == "/v1/other"


# --- The command --------------------------------------------------------------------------------


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "nexa.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.cluster
def test_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    process = start("--port", "0", "--store", str(tmp_path / "s"), "--record", str(tmp_path / "r"))
    assert process.stdout is not None
    line = process.stdout.readline()
    url = line.partition("http://")[2].split("/")[0]
    page = requests.get(f"http://{url}/", timeout=10)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=20)[0]

    assert page.status_code == 200
    assert "Sandbox stopped." in rest
    assert process.returncode == 0
    assert time.monotonic() - began < 10


@pytest.mark.cluster
def test_command_is_loud_about_a_busy_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("--port", str(taken.getsockname()[1]))
        said = process.communicate(timeout=60)[0]

    assert process.returncode == 1
    assert "cannot listen" in said
    assert "Traceback" not in said
