"""Runs several processes as one program: starts, restarts, watches and stops them. No Django."""

from __future__ import annotations

from nexa.supervisor.child import Child, ChildSpec
from nexa.supervisor.errors import SupervisorError
from nexa.supervisor.supervisor import Supervisor, Watch

__all__ = ["Child", "ChildSpec", "Supervisor", "SupervisorError", "Watch"]
