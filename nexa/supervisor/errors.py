"""The one error of the supervisor; its words say what to do next."""

from __future__ import annotations


class SupervisorError(Exception):
    """The programs cannot be started; the message says why and how to mend it."""
