"""Has the hub's one-minute tick look for import jobs that nobody works on."""

from __future__ import annotations

from imports.tasks import sweep
from integrations.hub.sweeps import sweep_register

sweep_register("imports", sweep)
