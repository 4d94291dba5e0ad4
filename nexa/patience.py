"""How long a web request waits for what another session holds locked, before it gives up.

Without a limit a table that is locked for half a minute would take every thread of the web server
with it. Whoever gave up is answered 503: a vendor sends its web-hook again, a person tries again.
Workers wait as long as it takes.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

LOCK_SECONDS: Final = 10.0
_NAME: Final = "nexa.patience"


def limit(seconds: float = LOCK_SECONDS) -> None:
    """From now on, for the sessions that this process begins."""

    milliseconds = f"{seconds * 1000:.0f}"

    def begun(sender: object, connection: BaseDatabaseWrapper, **more: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [milliseconds])

    connection_created.connect(begun, weak=False, dispatch_uid=_NAME)


def unlimit() -> None:
    connection_created.disconnect(dispatch_uid=_NAME)
