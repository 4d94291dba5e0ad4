"""HubSpot, for the suite that every provider goes through."""

from __future__ import annotations

import time
from collections.abc import Mapping

from crm.models import Workspace
from integrations.hub.models import Connection
from integrations.hubspot.sandbox.catalog import CLIENT_SECRET
from integrations.hubspot.webhooks import SIGNATURE, TIMESTAMP, public_url, signature
from tests.integrations.conforming import Case
from tests.integrations.hubspot.conftest import connection_make


def connect(workspace: Workspace) -> Connection:
    return connection_make(workspace)


def sign(connection: Connection, body: bytes, seconds_ago: float) -> Mapping[str, str]:
    at = str(int((time.time() - seconds_ago) * 1000))
    made = signature(CLIENT_SECRET, "POST", public_url(connection), body, at)
    return {SIGNATURE: made, TIMESTAMP: at}


CASE = Case("hubspot", connect, sign)
