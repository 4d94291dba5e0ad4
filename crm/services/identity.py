"""Refuses people whom nothing names: nobody could find, call or write to them again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.core.exceptions import NON_FIELD_ERRORS

from crm.models import Contact, Lead
from crm.services.errors import InvalidRecord

# An import asks the same of its rows.
CONTACT_IDENTITY = ("first_name", "last_name", "email", "phone", "mobile", "linkedin_url")
LEAD_IDENTITY = ("first_name", "last_name", "company", "email", "phone")
CONTACT_WORDS: Final = (
    "Give at least a name, an e-mail address, a phone number or a LinkedIn address."
)
LEAD_WORDS: Final = "Give at least a name, a company, an e-mail address or a phone number."


def contact_identity_check(contact: Contact, written: Collection[str]) -> None:
    """Raise InvalidRecord when writing the `written` fields leaves the contact nameless."""
    contact_identity_require(_values(contact, CONTACT_IDENTITY), written)


def contact_identity_require(values: Mapping[str, Any], written: Collection[str]) -> None:
    """As contact_identity_check, of the values as they would stand."""
    _require(values, written, CONTACT_IDENTITY, CONTACT_WORDS)


def lead_identity_check(lead: Lead, written: Collection[str]) -> None:
    """As contact_identity_check."""
    _require(_values(lead, LEAD_IDENTITY), written, LEAD_IDENTITY, LEAD_WORDS)


def _values(person: Contact | Lead, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(person, name) for name in names}


def _require(
    values: Mapping[str, Any], written: Collection[str], names: tuple[str, ...], said: str
) -> None:
    # One that came without a name long ago may still be tagged or handed to somebody.
    is_touched = any(name in written for name in names)
    if is_touched and not any(values.get(name) for name in names):
        raise InvalidRecord({NON_FIELD_ERRORS: [said]})
