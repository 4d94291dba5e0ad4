"""The quick way to E.164: most numbers of a file need no more than their country's own pattern.

Gives what `crm.rules.identity.phone_e164` gives, or hands the number over to it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from crm.rules.identity import phone_e164

PLAIN: Final = re.compile(r"\+?[0-9 ().\-/\u00a0]{7,25}")
PUNCTUATION: Final = {ord(mark): None for mark in " ().-/\u00a0"}


class _Plan(NamedTuple):
    """How a country writes its numbers."""

    code: str
    number: re.Pattern[str]
    trunk: str


def phone_quick(text: str, country: str) -> str | None:
    """The number in E.164, read as one of `country`; None when it is none."""
    if PLAIN.fullmatch(text):
        digits = text.translate(PUNCTUATION)
        found = _international(digits[1:]) if digits[0] == "+" else _national(digits, country)
        if found is not None:
            return found
    return phone_e164(text, country)


def _international(digits: str) -> str | None:
    for length in (1, 2, 3):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length] or 0))
        if regions is not None:
            return _under(_plan(regions[0]), digits[length:])
    return None


def _national(digits: str, country: str) -> str | None:
    plan = _plan(country.upper())
    if plan is None:
        return None
    if plan.trunk and digits.startswith(plan.trunk):
        digits = digits[len(plan.trunk) :]
    return _under(plan, digits)


def _under(plan: _Plan | None, digits: str) -> str | None:
    """Only what needs no reading: a whole number, and no prefix that might have to go."""
    if plan is None or not plan.number.fullmatch(digits):
        return None
    if plan.trunk and digits.startswith(plan.trunk):
        return None
    return f"+{plan.code}{digits}"


@lru_cache(maxsize=300)
def _plan(region: str) -> _Plan | None:
    """None where a prefix is more than a fixed string to cut off, as in Brazil or Mexico."""
    found = PhoneMetadata.metadata_for_region(region, None)
    if found is None or found.general_desc is None or found.country_code is None:
        return None
    trunk = found.national_prefix_for_parsing or ""
    pattern = found.general_desc.national_number_pattern
    if found.national_prefix_transform_rule or not pattern or not (trunk == "" or trunk.isdigit()):
        return None
    return _Plan(str(found.country_code), re.compile(pattern), trunk)
