"""When the database does not serve us: it is away, full, or what we need is locked for too long."""

from __future__ import annotations

from typing import Final

from django.db import InterfaceError, InternalError, OperationalError

RETRY_AFTER_SECONDS: Final = "10"

# What passes without us, by the classes of PostgreSQL's error codes: connection, transaction rolled
# back (deadlock), resources, lock, shutdown, system. What is broken for good (too long a value for
# an index, a corrupted page) is not among them.
PASSING: Final = ("08", "40", "53", "55", "57P", "58", "XX000")


def is_database_trouble(error: BaseException | None) -> bool:
    """Whether the very same request may go well a moment later."""
    if not isinstance(error, InterfaceError | InternalError | OperationalError):
        return False
    # A session that is lost has no code.
    code = getattr(error.__cause__, "sqlstate", None)
    return code is None or code.startswith(PASSING)
