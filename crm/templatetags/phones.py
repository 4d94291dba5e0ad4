"""Phone numbers as people read them; what is stored stays in the link that calls."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat

DIALLED = re.compile(r"[^0-9+]")


def phone_in_words(stored: str) -> str:
    """`+61400000001` is `+61 400 000 001`; what is no international number stays as it is."""
    try:
        number = phonenumbers.parse(stored, None)
    except phonenumbers.NumberParseException:
        return stored
    return str(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))


def phone_dialled(stored: str) -> str:
    """What a telephone dials; '' when there is nothing to dial in it."""
    dialled = DIALLED.sub("", stored)
    return dialled if any(letter.isdigit() for letter in dialled) else ""
