"""The one HTTP seam: every call to a vendor goes through a session made here."""

from __future__ import annotations

from integrations.hub.http.exchange import Exchange, recording
from integrations.hub.http.guard import AddressRefused, url_check
from integrations.hub.http.sandbox_only import SandboxMissing, sandbox_required
from integrations.hub.http.session import HubSession, session_for
from integrations.hub.http.status import error_for_status, raise_for_status, status_error

__all__ = [
    "AddressRefused",
    "Exchange",
    "HubSession",
    "SandboxMissing",
    "error_for_status",
    "raise_for_status",
    "recording",
    "sandbox_required",
    "session_for",
    "status_error",
    "url_check",
]
