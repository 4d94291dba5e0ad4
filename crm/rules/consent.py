"""Consent is a ratchet: files and syncs may take a yes away, and never give one back."""

from __future__ import annotations

from typing import Any, Final

# The fields that say whether somebody allowed to be written to: yes, no, or never asked (None).
CONSENT: Final = frozenset({"email_opt_in"})
# As Django's BooleanField takes them, so that a value without a step is judged as it is stored.
YES: Final[tuple[Any, ...]] = (True, "t", "True", "1")
NO: Final[tuple[Any, ...]] = (False, "f", "False", "0")


def is_consent(path: str) -> bool:
    """Whether it is such a field, of a record or of one it leads to; a custom field is none."""
    of, _, name = path.rpartition(".")
    return name in CONSENT and of != "custom"


def answer_of(value: Any) -> bool | None:
    """What a value says; what is neither yes nor no says nothing."""
    return True if value in YES else False if value in NO else None


def consent_moves(old: bool | None, new: bool) -> bool:
    """Whether an answer may replace another without a person's word.

    A refusal always counts, a yes only where nothing was said before.
    """
    return old is None if new else old is not False
