"""The console's pages of the hub; importing this package registers them."""

from __future__ import annotations

from integrations.hub.admin import (
    conflict,
    connection,
    inbox,
    job,
    links,
    liveness,
    mapping,
    oauth,
    streams,
    sync,
)

__all__ = [
    "conflict",
    "connection",
    "inbox",
    "job",
    "links",
    "liveness",
    "mapping",
    "oauth",
    "streams",
    "sync",
]
