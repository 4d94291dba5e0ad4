"""What has to be done before a process may start, and the questions that tell whether it works."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import requests

from nexa.serve.commands import PROJECT, manage_command
from nexa.supervisor import Supervisor, SupervisorError, Watch

STEP_SECONDS = 600.0
READY_SECONDS = 90.0
HTTP_SECONDS = 5.0
WATCH_SECONDS = 30.0
# The scheduler's first round comes up to a minute and a half after the start.
WATCH_GRACE_SECONDS = 180.0


def files_prepared(environment: Mapping[str, str]) -> None:
    """Build and collect what pages need; quick when nothing changed."""
    step_done(environment, "build_assets")
    step_done(environment, "collectstatic", "--noinput", "--verbosity", "0")


def database_prepared(environment: Mapping[str, str]) -> None:
    step_done(environment, "migrate", "--noinput", "--verbosity", "0")


def step_done(environment: Mapping[str, str], *arguments: str) -> None:
    """One command that has to succeed before the next; SupervisorError holds its last words."""
    name = " ".join(arguments)
    try:
        done = subprocess.run(  # noqa: S603
            manage_command(*arguments),
            env=dict(environment),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SupervisorError(f"`manage.py {name}` did not end in {STEP_SECONDS:.0f} s.") from None
    if done.returncode:
        words = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise SupervisorError(f"`manage.py {name}` failed:\n{words}")


def awaited(supervisor: Supervisor, address: str, *, name: str) -> None:
    """Return once `address` answers well; SupervisorError when the child ends or time is up."""
    supervisor.wait_until(lambda: answers(address), name=name, seconds=READY_SECONDS)


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=HTTP_SECONDS, allow_redirects=False).status_code < 400
    except requests.RequestException:
        return False


def cluster_watch(address: str) -> Watch:
    """A cluster may be alive and yet do nothing; only its heartbeat in the database tells."""
    return Watch("cluster", lambda: _why_stuck(address), WATCH_SECONDS, WATCH_GRACE_SECONDS)


def _why_stuck(address: str) -> str:
    try:
        report = requests.get(f"{address}/readyz", timeout=HTTP_SECONDS).json()
        cluster = report["checks"]["cluster"]
        return "" if cluster["ok"] else f"{cluster['detail']}."
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return ""  # the web server's or the database's trouble, not the cluster's
