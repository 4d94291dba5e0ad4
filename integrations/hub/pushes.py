"""Outbound state: brings one changed record to the vendor through its provider's push handler."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.hub.links import Links
from integrations.hub.models import Connection


@dataclass(frozen=True)
class Push:
    """What a push handler is given: which record is dirty, never what it looked like."""

    connection: Connection
    record_type: str
    record_id: int

    @property
    def links(self) -> Links:
        return Links(self.connection)
