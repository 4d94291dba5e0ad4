"""The console's pages of the hub; importing this package registers them."""

from __future__ import annotations

from integrations.hub.admin import connection, inbox, job, liveness, oauth, sync

__all__ = ["connection", "inbox", "job", "liveness", "oauth", "sync"]
