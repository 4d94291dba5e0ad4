"""What has to be done before a process may start, and the questions that tell whether it works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from nexa.serve.commands import PROJECT, manage_command
from nexa.supervisor import ChildSpec, Supervisor, Watch

STEP_SECONDS = 600.0
# Only a machine that does much else needs so long; a child that ends is told at once.
READY_SECONDS = 300.0
HTTP_SECONDS = 5.0
# While waiting: a request given up early still keeps a thread of a slow server busy.
WAITING_HTTP_SECONDS = 15.0
WATCH_SECONDS = 30.0
# The scheduler's first round comes up to a minute and a half after the start.
WATCH_GRACE_SECONDS = 180.0


def step_done(supervisor: Supervisor, environment: Mapping[str, str], *arguments: str) -> None:
    """One command that has to succeed before the next; SupervisorError holds its last words."""
    with TemporaryDirectory(prefix="nexa-step-") as folder:
        log = Path(folder) / "step.log"
        name = f"manage.py {arguments[0]}"
        supervisor.complete(
            ChildSpec(name, manage_command(*arguments), environment, PROJECT, log),
            seconds=STEP_SECONDS,
        )


def awaited(supervisor: Supervisor, address: str, *, name: str, host: str = "") -> None:
    """Return once `address` answers well; SupervisorError when the child ends or time is up."""
    supervisor.wait_until(
        lambda: answers(address, host),
        name=name,
        seconds=READY_SECONDS,
        why=lambda: answer_in_words(address, host),
    )


def answers(address: str, host: str = "") -> bool:
    try:
        return _asked(address, host, seconds=WAITING_HTTP_SECONDS).status_code < 400
    except requests.RequestException:
        return False


def answer_in_words(address: str, host: str = "") -> str:
    """What `address` says is missing, or that it says nothing."""
    try:
        answer = _asked(address, host, seconds=WAITING_HTTP_SECONDS)
    except requests.RequestException as error:
        return f"{address} does not answer ({type(error).__name__})."
    try:
        parts = answer.json()["checks"].items()
        missing = [f"{name}: {part['detail']}" for name, part in parts if not part["ok"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        missing = []
    said = "; ".join(missing) or f"status {answer.status_code}"
    return f"{address} answers: {said}."


def cluster_watch(address: str, host: str = "") -> Watch:
    """A cluster may be alive and yet do nothing; only its heartbeat in the database tells."""
    return Watch("cluster", lambda: _why_stuck(address, host), WATCH_SECONDS, WATCH_GRACE_SECONDS)


def _why_stuck(address: str, host: str) -> str:
    try:
        checks = _asked(f"{address}/readyz", host).json()["checks"]
        cluster = checks.pop("cluster")
        if cluster["ok"] or not all(other["ok"] for other in checks.values()):
            return ""  # well, or unknown until the database and its migrations are well
        return f"{cluster['detail']}."
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return ""  # the web server's or the database's trouble, not the cluster's


def _asked(address: str, host: str, *, seconds: float = HTTP_SECONDS) -> requests.Response:
    """`host` is the name the installation answers to when that is not this address."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy for the outside world has no business here
        headers = {"Host": host} if host else {}
        return session.get(address, headers=headers, timeout=seconds, allow_redirects=False)
