"""A process that needs tokens: `worker pump SECONDS` or `worker tokens CONNECTION THREADS`."""

from __future__ import annotations

import hashlib
import json
import sys
import threading

import django

django.setup()

from django.db import connection as database  # noqa: E402

from integrations.hub import registry  # noqa: E402
from integrations.hub.models import Connection  # noqa: E402
from integrations.hub.oauth import access_token  # noqa: E402
from integrations.hub.pump import pump  # noqa: E402
from tests.integrations.hub.oauth import acme  # noqa: E402


def tokens(connection_id: int, threads: int) -> None:
    """Print a digest of the token that each thread was given, or the name of its error."""
    barrier, given = threading.Barrier(threads), ["" for _ in range(threads)]

    def ask(number: int) -> None:
        try:
            row = Connection.objects.get(pk=connection_id)
            barrier.wait()
            given[number] = hashlib.sha256(access_token(row).encode()).hexdigest()
        except Exception as error:
            given[number] = type(error).__name__
        finally:
            database.close()

    running = [threading.Thread(target=ask, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    print(json.dumps(given))


def main(act: str, *arguments: str) -> None:
    registry.add(acme.provider)
    if act == "pump":
        pump(budget_seconds=float(arguments[0]))
    else:
        tokens(int(arguments[0]), int(arguments[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
