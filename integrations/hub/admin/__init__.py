"""The console's pages of the hub; importing this package registers them."""

from __future__ import annotations

from integrations.hub.admin import (
    conflict,
    connection,
    inbox,
    job,
    liveness,
    mapping,
    oauth,
    sync,
)

__all__ = ["conflict", "connection", "inbox", "job", "liveness", "mapping", "oauth", "sync"]
