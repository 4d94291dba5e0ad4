"""The provider of the jobs bench: a push handler with nothing to do, so that the queue is seen."""

from __future__ import annotations

from integrations.hub.access import ApiKeyAuth
from integrations.hub.models import Connection
from integrations.hub.provider import Provider
from integrations.hub.pushes import Push
from integrations.hub.types import AccountInfo

PROVIDER_ID = "bench"


def nothing_to_send(push: Push) -> None:
    """As for a record that the vendor has already as it is."""


def account_known(connection: Connection) -> AccountInfo:
    return AccountInfo("bench", "Bench")


provider = Provider(
    id=PROVIDER_ID,
    name="Bench",
    summary="Takes records and sends nothing.",
    auth=ApiKeyAuth(fields=()),
    check=account_known,
    hosts=("bench.invalid",),
    pushes={"account": nothing_to_send},
)
