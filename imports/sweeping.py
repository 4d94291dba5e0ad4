"""Has the hub's one-minute tick look for import jobs nobody works on, and for files to delete."""

from __future__ import annotations

from imports.expiry import files_expire
from imports.tasks import sweep
from integrations.hub.sweeps import sweep_register

sweep_register("imports", sweep)
sweep_register("import files", files_expire)
