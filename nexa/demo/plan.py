"""Where a demo keeps things, which ports it serves on, and what its processes are told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nexa.demo.logins import LOGINS_FILE
from nexa.serve.commands import PROJECT, cluster_command, manage_command, web_command
from nexa.supervisor import ChildSpec
from nexa.supervisor.ports import LOOPBACK

FIRST_PORT = 8000
FIRST_SANDBOX_PORT = 8100
# Settings of a real installation must not reach a demo, nor the other way round.
OWN_PREFIXES = ("NEXA_", "EMAIL_", "DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEFAULT_FROM")
OWN_NAMES = frozenset({"DEBUG", "DJANGO_SETTINGS_MODULE"})
KEPT_NAMES = frozenset({"NEXA_LOG_LEVEL"})


@dataclass(frozen=True)
class DemoPlan:
    """One demo: its data folder and its two ports."""

    folder: Path
    port: int
    sandbox_port: int

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def sandbox_address(self) -> str:
        return f"http://{LOOPBACK}:{self.sandbox_port}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def logins(self) -> Path:
        return self.folder / LOGINS_FILE

    def environment(self, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The whole environment of every process of this demo."""
        return {
            **{name: value for name, value in inherited.items() if not _is_setting(name)},
            "DJANGO_SETTINGS_MODULE": "nexa.settings",
            "PYTHONUNBUFFERED": "1",
            "NEXA_DEMO": "1",
            "NEXA_DATA_DIR": str(self.folder),
            "NEXA_STATIC_ROOT": str(self.folder / "static"),
            "NEXA_BASE_URL": self.address,
            "NEXA_SANDBOX_URL": self.sandbox_address,
        }

    def sandbox(self) -> ChildSpec:
        where = ("--host", LOOPBACK, "--port", str(self.sandbox_port))
        store = ("--store", str(self.folder / "sandbox.sqlite3"))
        return self._spec("sandbox", manage_command("sandbox", *where, *store))

    def web(self) -> ChildSpec:
        return self._spec("web", web_command(self.port))

    def cluster(self) -> ChildSpec:
        return self._spec("cluster", cluster_command())

    def _spec(self, name: str, command: tuple[str, ...]) -> ChildSpec:
        return ChildSpec(name, command, self.environment(), PROJECT, self.logs / f"{name}.log")


def _is_setting(name: str) -> bool:
    if name in KEPT_NAMES:
        return False
    return name in OWN_NAMES or name.startswith(OWN_PREFIXES)
