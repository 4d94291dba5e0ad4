"""The generic REST CRM, for the suite that every provider goes through.

It sends a shared secret and no signature, so a call has no age and its body is not proved.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm.models import Workspace
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection
from tests import factories
from tests.integrations.conforming import Case

SECRET = "hook-secret-12345"


def connect(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace,
        provider="rest_crm",
        name=factories.unique("CRM"),
        settings={"base_url": "https://crm.example.test"},
        credentials=Secrets(
            {"api_key": "crm_key_t1", "api_secret": "crm_secret_t1", "webhook_secret": SECRET}
        ),
    )


def sign(connection: Connection, body: bytes, seconds_ago: float) -> Mapping[str, str]:
    return {"X-CRM-Secret": connection.secret("webhook_secret")}


CASE = Case("rest_crm", connect, sign, is_dated=False, is_numbered=False)
