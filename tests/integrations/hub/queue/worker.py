"""A process with the echo provider: `python -m tests.integrations.hub.queue.worker MODE SECONDS`.

MODE is `hubworker` or `cluster` (a real qcluster), or an act: `edit ID` and `post KEY`.
`NEXA_TEST_LIMIT` is `requests/seconds/burst`; a worker that meets the record `NEXA_TEST_POISON`
dies of it.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from crm.models import Account  # noqa: E402
from crm.services.accounts import account_update  # noqa: E402
from integrations.hub import registry  # noqa: E402
from integrations.hub.models import Connection  # noqa: E402
from integrations.hub.provider import Provider, RateLimit  # noqa: E402
from integrations.hub.pushes import Push  # noqa: E402
from tests.factories import TEST_ORIGIN  # noqa: E402
from tests.integrations.hub import echo  # noqa: E402
from tests.integrations.hub.conftest import post_event  # noqa: E402


def poisoned(push: Push) -> None:
    if str(push.record_id) == os.environ.get("NEXA_TEST_POISON"):
        os.kill(os.getpid(), signal.SIGKILL)
    echo.account_push(push)


def provider() -> Provider:
    limits = echo.provider.limits
    if told := os.environ.get("NEXA_TEST_LIMIT"):
        requests, seconds, burst = (float(part) for part in told.split("/"))
        limits = (RateLimit("api", requests=int(requests), seconds=seconds, burst=int(burst)),)
    return replace(echo.provider, limits=limits, pushes={"account": poisoned})


def main(mode: str, *arguments: str) -> None:
    registry.add(provider())
    if mode == "hubworker":
        call_command("hubworker", f"--seconds={arguments[0]}")
    elif mode == "cluster":
        call_command("qcluster")
    elif mode == "edit":
        account = Account.objects.get(pk=int(arguments[0]))
        account_update(account, values={"name": "edited"}, origin=TEST_ORIGIN)
    elif mode == "post":
        connection = Connection.objects.get(webhook_key=arguments[0])
        event = {"id": "evt_1", "kind": "account.made", "name": "Acme"}
        print(post_event(connection, event, client=Client()).status_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
