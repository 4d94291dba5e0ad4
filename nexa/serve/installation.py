"""`make run`: web and workers of one machine, with settings of your own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from nexa.embedded import default_data_folder
from nexa.env import TRUE_WORDS
from nexa.serve.commands import PROJECT, cluster_command, web_command
from nexa.serve.folders import installation_folder_take
from nexa.serve.steps import awaited, step_done
from nexa.serve.together import Say, embedded_database_used, supervised
from nexa.supervisor import ChildSpec


def installation_served(port: int, say: Say) -> None:
    """Run until told to stop. Raises SupervisorError."""
    address = f"http://127.0.0.1:{port}"
    environment = {"NEXA_BASE_URL": address, "PYTHONUNBUFFERED": "1", **os.environ}
    folder, is_embedded = data_folder(environment), not environment.get("DATABASE_URL")
    is_demo = environment.get("NEXA_DEMO", "").strip().lower() in TRUE_WORDS
    if is_embedded and not is_demo:
        installation_folder_take(folder)
    host = urlsplit(environment["NEXA_BASE_URL"]).netloc
    with ExitStack() as stack:
        supervisor = stack.enter_context(
            supervised(folder, port=port, option="make run PORT=8001", say=say, host=host)
        )
        if is_embedded:
            stack.enter_context(embedded_database_used(folder))
        stack.callback(supervisor.stop)  # before the database, which they use
        say("Preparing files and database …")
        step_done(supervisor, environment, "prepare")
        supervisor.start(_spec("web", web_command(port), environment))
        supervisor.start(_spec("cluster", cluster_command(), environment))
        awaited(supervisor, f"{address}/healthz", name="web", host=host)
        say(f"Serving on {address} (set NEXA_BASE_URL to the public address). Ctrl-C stops it.")
        supervisor.tend()


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """As settings read it, without loading them."""
    named = environment.get("NEXA_DATA_DIR", "").strip()
    return Path(named).expanduser().resolve() if named else default_data_folder(PROJECT)


def _spec(name: str, command: tuple[str, ...], environment: Mapping[str, str]) -> ChildSpec:
    """Logs go where ours go: to the terminal, or to whoever manages the service."""
    return ChildSpec(name, command, environment, PROJECT, log=None)
