"""Refuses people whom nothing names: nobody could find, call or write to them again."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import NON_FIELD_ERRORS

from crm.models import Contact, Lead
from crm.services.errors import InvalidRecord

# An import asks the same of its rows.
CONTACT_IDENTITY = ("first_name", "last_name", "email", "phone", "mobile", "linkedin_url")
LEAD_IDENTITY = ("first_name", "last_name", "company", "email", "phone")


def contact_identity_check(contact: Contact, written: Collection[str]) -> None:
    """Raise InvalidRecord when writing the `written` fields leaves the contact nameless."""
    said = "Give at least a name, an e-mail address, a phone number or a LinkedIn address."
    _check(contact, written, CONTACT_IDENTITY, said)


def lead_identity_check(lead: Lead, written: Collection[str]) -> None:
    """As contact_identity_check."""
    said = "Give at least a name, a company, an e-mail address or a phone number."
    _check(lead, written, LEAD_IDENTITY, said)


def _check(
    person: Contact | Lead, written: Collection[str], names: tuple[str, ...], said: str
) -> None:
    # One that came without a name long ago may still be tagged or handed to somebody.
    is_touched = any(name in written for name in names)
    if is_touched and not any(getattr(person, name) for name in names):
        raise InvalidRecord({NON_FIELD_ERRORS: [said]})
