"""`make demo`: prepares the data folder, starts every process and keeps them until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nexa.demo.logins import Login, logins_read
from nexa.demo.plan import DemoPlan
from nexa.serve.folders import demo_folder_take
from nexa.serve.steps import awaited, step_done
from nexa.serve.together import Say, embedded_database_used, supervised
from nexa.supervisor import Supervisor


@contextmanager
def demo_running(plan: DemoPlan, say: Say, *, durable: bool = True) -> Iterator[Supervisor]:
    """Everything up while inside, nothing of it left afterwards. Raises SupervisorError."""
    with (
        supervised(
            plan.folder,
            port=plan.port,
            option="make demo PORT=8001",
            say=say,
            sandbox=plan.sandbox_address,
        ) as supervisor,
        _database_used(plan.folder, durable=durable),
    ):
        try:
            _everything_started(plan, supervisor, say)
            yield supervisor
        finally:
            supervisor.stop()  # before the database, which they use


@contextmanager
def _database_used(folder: Path, *, durable: bool) -> Iterator[None]:
    demo_folder_take(folder)
    with embedded_database_used(folder, durable=durable):
        yield


def demo_served(plan: DemoPlan, say: Say) -> None:
    """Run the demo until it is told to stop."""
    began = time.monotonic()
    with demo_running(plan, say) as supervisor:
        say(f"Ready after {time.monotonic() - began:.0f} s.")
        say(welcome(plan))
        supervisor.tend()
        say("Stopping …")
    say("Everything has stopped.")


def welcome(plan: DemoPlan) -> str:
    """What a person needs to begin."""
    lines = [
        "",
        f"  Nexa CRM     {plan.address}/",
        f"  Console      {plan.address}/admin/",
        f"  Sandbox      {plan.sandbox_address}/   (the vendors' side: pay or fail an invoice)",
        "",
        *(_login_line(login) for login in logins_read(plan.logins)),
        "",
        f"  Data and logs: {plan.folder}",
        "  Ctrl-C stops everything; the next `make demo` finds the data again.",
        "",
    ]
    return "\n".join(lines)


def _login_line(login: Login) -> str:
    return f"  {login.title:<12} {login.email:<22} password: {login.password}"


def _everything_started(plan: DemoPlan, supervisor: Supervisor, say: Say) -> None:
    plan.logs.mkdir(exist_ok=True)
    say("Starting the sandbox of vendors and preparing the data …")
    supervisor.start(plan.sandbox())
    step_done(supervisor, plan.environment(), "prepare")
    awaited(supervisor, plan.sandbox_address + "/", name="sandbox")
    step_done(supervisor, plan.environment(), "demo_load")
    say("Starting the web server and the workers …")
    supervisor.start(plan.web())
    supervisor.start(plan.cluster())
    awaited(supervisor, plan.address + "/healthz", name="web")
    awaited(supervisor, plan.address + "/readyz", name="cluster")
