"""What has to be done before a process may start, and the questions that tell whether it works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from nexa.serve.commands import PROJECT, manage_command
from nexa.supervisor import ChildSpec, Supervisor, Watch

STEP_SECONDS = 600.0
READY_SECONDS = 120.0
HTTP_SECONDS = 5.0
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
    supervisor.wait_until(lambda: answers(address, host), name=name, seconds=READY_SECONDS)


def answers(address: str, host: str = "") -> bool:
    try:
        return _asked(address, host).status_code < 400
    except requests.RequestException:
        return False


def cluster_watch(address: str, host: str = "") -> Watch:
    """A cluster may be alive and yet do nothing; only its heartbeat in the database tells."""
    return Watch("cluster", lambda: _why_stuck(address, host), WATCH_SECONDS, WATCH_GRACE_SECONDS)


def _why_stuck(address: str, host: str) -> str:
    try:
        cluster = _asked(f"{address}/readyz", host).json()["checks"]["cluster"]
        return "" if cluster["ok"] else f"{cluster['detail']}."
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return ""  # the web server's or the database's trouble, not the cluster's


def _asked(address: str, host: str) -> requests.Response:
    """`host` is the name the installation answers to when that is not this address."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy for the outside world has no business here
        headers = {"Host": host} if host else {}
        return session.get(address, headers=headers, timeout=HTTP_SECONDS, allow_redirects=False)
