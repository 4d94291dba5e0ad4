"""The encryption keys: valid, and the ones that open what is stored."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError

from integrations.hub.credentials import Secrets, UnreadableSecrets
from integrations.hub.models import Connection, OAuthApplication
from nexa.checks import is_fernet_key
from nexa.doctor.finding import Finding

MAKE_KEY = (
    "Make a key with: python -c 'from cryptography.fernet import Fernet; "
    "print(Fernet.generate_key().decode())' and put it first in NEXA_ENCRYPTION_KEYS."
)


def keys_found() -> Finding:
    keys = settings.NEXA_ENCRYPTION_KEYS
    broken = [number for number, key in enumerate(keys, 1) if not is_fernet_key(key)]
    if broken:
        return Finding("Encryption keys", f"number {broken[0]} is not a Fernet key", MAKE_KEY)
    return Finding("Encryption keys", f"{len(keys)} valid")


def credentials_found() -> Finding:
    """Opens the credentials of every connection and application; shows none of them."""
    part = "Stored credentials"
    try:
        connections = list(Connection.objects.only("id", "name", "credentials"))
    except DatabaseError:
        return Finding(part, "not looked at: no database", "Mend the database first.")
    applications = list(OAuthApplication.objects.all())
    stored = [(one.name, one.credentials) for one in connections]
    stored += [(f"the application at {one.provider}", one.secrets) for one in applications]
    closed = [name for name, secrets in stored if not _opens(secrets)]
    if closed:
        return Finding(
            part,
            f"{len(closed)} of {len(stored)} cannot be decrypted: {', '.join(closed[:5])}",
            "Put the key they were encrypted with back into NEXA_ENCRYPTION_KEYS (old keys stay "
            "behind the new one), or enter the credentials again on the integrations page.",
        )
    return Finding(part, f"{len(stored)} readable")


def _opens(secrets: Secrets) -> bool:
    try:
        len(secrets)
    except UnreadableSecrets:
        return False
    return True
