"""Where a linked thing is looked at on the vendor's own pages."""

from __future__ import annotations

from django.conf import settings

from integrations.hub.models import Connection
from integrations.hub.streams import Stream


def their_page(stream: Stream | None, connection: Connection, external_id: str) -> str:
    """The address; empty where there is none, as for what exists at the sandbox only."""
    if stream is None or stream.record_url is None or settings.NEXA_SANDBOX_URL:
        return ""
    return stream.record_url(connection, external_id)
