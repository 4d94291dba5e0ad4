"""The one error of the embedded database; its words say what to do next."""

from __future__ import annotations


class EmbeddedDatabaseError(Exception):
    """The embedded PostgreSQL can't serve; the message says why and how to mend it."""
