"""What /readyz answers, as the supervisor takes it: in words, and whom it blames."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from nexa.serve.steps import answer_in_words, answers, cluster_watch

WELL = {"ok": True, "detail": "answers"}
APPLIED = {"ok": True, "detail": "applied"}
MISSING = {"ok": False, "detail": "1 not applied"}
UNKNOWN = {"ok": False, "detail": "unknown before migrations"}
SILENT = {"ok": False, "detail": "last sign of life 200 s ago, 3 due"}
ServeChecks = Callable[..., str]


@pytest.fixture
def served() -> Iterator[ServeChecks]:
    """Serves one answer of /readyz on a port of its own; its address."""
    with ExitStack() as stack:

        def serve(**checks: dict[str, object]) -> str:
            body = json.dumps({"checks": checks}).encode()
            status = 200 if all(check["ok"] for check in checks.values()) else 503

            class Answer(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *args: object) -> None:
                    pass

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Answer))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield serve


def test_answer_names_what_is_missing(served: ServeChecks) -> None:
    address = served(database=WELL, migrations=MISSING, cluster=UNKNOWN)

    assert not answers(address)
    assert "migrations: 1 not applied; cluster: unknown" in answer_in_words(address)


def test_answer_that_does_not_come_is_said() -> None:
    assert "does not answer (ConnectionError)" in answer_in_words("http://127.0.0.1:1/readyz")


def test_silent_cluster_is_a_reason_to_restart_it(served: ServeChecks) -> None:
    address = served(database=WELL, migrations=APPLIED, cluster=SILENT)

    assert cluster_watch(address).ask() == "last sign of life 200 s ago, 3 due."


def test_cluster_is_not_blamed_for_missing_migrations(served: ServeChecks) -> None:
    address = served(database=WELL, migrations=MISSING, cluster=UNKNOWN)

    assert cluster_watch(address).ask() == ""
