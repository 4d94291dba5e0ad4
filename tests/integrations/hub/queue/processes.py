"""Real processes on the test's own database: workers, callers, and whole groups to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from crm.models import Account, Workspace
from integrations.hub.models import JobState, SyncJob
from nexa.serve.steps import answers
from nexa.supervisor.ports import port_anywhere
from tests.forked import Forked, environment
from tests.integrations.hub.echo import EchoVendor

WORKER = "tests.integrations.hub.queue.worker"
CALLER = "tests.integrations.hub.queue.caller"

Process = Forked | subprocess.Popen[str]


def process_start(
    module: str, *arguments: object, extra: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """`python -m module arguments`, for programs that begin by themselves; see Forked."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=environment() | dict(extra or {}),
        text=True,
        start_new_session=True,
        **options,
    )


@contextmanager
def workers(
    vendor: EchoVendor, mode: str, *, count: int = 1, seconds: float = 120, **extra: str
) -> Iterator[list[Any]]:
    """Workers of one mode; whatever of them is left is killed, with all its children."""
    given = {"NEXA_SANDBOX_URL": vendor.url, **extra}
    started: list[Process] = [
        process_start(WORKER, mode, seconds, extra=given)
        if mode == "cluster"
        else Forked(WORKER, mode, seconds, **given)
        for _ in range(count)
    ]
    try:
        yield started
    finally:
        for one in started:
            group_kill(one)


@contextmanager
def web(**extra: str) -> Iterator[str]:
    """A real web server; its address, once it answers."""
    port = port_anywhere()
    address = f"http://127.0.0.1:{port}"
    bind = ("tests.integrations.hub.web:application", "--bind", f"127.0.0.1:{port}")
    started = process_start("gunicorn", *bind, extra={"NEXA_WEB_WORKERS": "1", **extra})
    try:
        assert eventually(lambda: answers(f"{address}/healthz"), 60)
        yield address
    finally:
        group_kill(started)


def group_kill(process: Process) -> None:
    """kill -9 of the process and everything it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def eventually(holds: Callable[[], bool], seconds: float = 120, *, each: float = 0.1) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(each)
    return holds()


def accounts_make(workspace: Workspace, count: int) -> list[int]:
    made = Account.objects.bulk_create(
        Account(workspace=workspace, name=f"Account {number}") for number in range(count)
    )
    return [account.pk for account in made]


def states() -> Counter[str]:
    return Counter(SyncJob.objects.values_list("state", flat=True))


def is_all_done() -> bool:
    return set(states()) == {JobState.DONE}


def pushes(vendor: EchoVendor) -> Counter[str]:
    """How often each record was sent."""
    return Counter(seen[1] for seen in list(vendor.requests) if seen[0] == "PUT")


def is_stopped(process: Process) -> bool:
    """It waits at a fault point (`stop`) for SIGCONT."""
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED
