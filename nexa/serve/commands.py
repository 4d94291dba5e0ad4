"""The command lines of our processes; README names the same ones for a service manager."""

from __future__ import annotations

import sys
from pathlib import Path

from nexa.supervisor.ports import LOOPBACK

PROJECT = Path(__file__).resolve().parents[2]


def manage_command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(PROJECT / "manage.py"), *arguments)


def web_command(port: int) -> tuple[str, ...]:
    """The web server on the loopback address; gunicorn.conf.py holds the rest."""
    bind = f"{LOOPBACK}:{port}"
    return (sys.executable, "-m", "gunicorn", "nexa.wsgi:application", "--bind", bind)


def cluster_command() -> tuple[str, ...]:
    """The workers and the scheduler."""
    return manage_command("qcluster")
