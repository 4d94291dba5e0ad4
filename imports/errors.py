"""What an import refuses, in words for the person; nothing was written when one is raised."""

from __future__ import annotations


class UnreadableFile(Exception):
    """The file as a whole can't be read; `cause` is a short code, `str()` is safe to show."""

    def __init__(self, cause: str, message: str) -> None:
        self.cause = cause
        super().__init__(message)


class WrongState(Exception):
    """The import is not in a state that allows what was asked; `str()` is safe to show."""


class ImportStopped(Exception):
    """The run met a row that its error policy does not allow; `str()` is safe to show."""


class BadValue(ValueError):
    """A text that is no value of its field; a mild one costs the value, not the row."""

    def __init__(self, cause: str, message: str, *, is_mild: bool = False) -> None:
        self.cause = cause
        self.is_mild = is_mild
        super().__init__(message)
