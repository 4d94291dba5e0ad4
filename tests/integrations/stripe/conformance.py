"""Stripe, for the suite that every provider goes through."""

from __future__ import annotations

import time
from collections.abc import Mapping

from crm.models import Workspace
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection
from tests import factories
from tests.integrations.conforming import Case
from tests.integrations.stripe.arriving import signed


def connect(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace,
        provider="stripe",
        name=factories.unique("Stripe"),
        credentials=Secrets(
            {"api_key": "sk_test_conforming", "webhook_secret": "whsec_conforming"}
        ),
    )


def sign(connection: Connection, body: bytes, seconds_ago: float) -> Mapping[str, str]:
    at = int(time.time() - seconds_ago)
    return {"Stripe-Signature": signed(body, connection.secret("webhook_secret"), at=at)}


CASE = Case("stripe", connect, sign)
