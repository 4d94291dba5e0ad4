"""Secrets at rest: encrypted with the first of settings.NEXA_ENCRYPTION_KEYS, read with any."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    SecretsTextField = models.TextField[Any, Any]
else:
    SecretsTextField = models.TextField


class Secrets(Mapping[str, str]):
    """Named secrets, opened only when one is asked for; printing it shows nothing of them."""

    __slots__ = ("_token", "_values")

    def __init__(self, values: Mapping[str, str] | None = None, *, token: str = "") -> None:
        self._token = token
        self._values: dict[str, str] | None = None if token else dict(values or {})

    def __getitem__(self, name: str) -> str:
        return self._opened()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened())

    def __len__(self) -> int:
        return len(self._opened())

    def __repr__(self) -> str:
        return "<secrets>"

    def merged(self, values: Mapping[str, str]) -> Secrets:
        return Secrets({**self._opened(), **values})

    def sealed(self) -> str:
        """As stored; raises ImproperlyConfigured when the keys are no Fernet keys."""
        return self._token or encrypt(self._opened())

    def texts(self) -> list[str]:
        """Every secret there is, for hiding them in text; none when they cannot be opened."""
        try:
            return [str(value) for value in self._opened().values()]
        except ImproperlyConfigured:
            return []

    def _opened(self) -> dict[str, str]:
        if self._values is None:
            self._values = decrypt(self._token)
        return self._values


class UnreadableSecrets(ImproperlyConfigured):
    """None of the keys opens what is stored."""


def encrypt(values: Mapping[str, str]) -> str:
    return _fernet().encrypt(json.dumps(dict(values)).encode()).decode()


def decrypt(token: str) -> dict[str, str]:
    """Raises UnreadableSecrets when no key fits."""
    try:
        values: dict[str, str] = json.loads(_fernet().decrypt(token.encode()))
    except InvalidToken as error:
        raise UnreadableSecrets(
            "Stored credentials cannot be decrypted with any of NEXA_ENCRYPTION_KEYS. "
            "Put the key they were encrypted with back into the list."
        ) from error
    return values


def reencrypt(token: str) -> str:
    """The same secrets under the first key; raises UnreadableSecrets when no key fits."""
    try:
        return _fernet().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecrets("Stored credentials cannot be decrypted with any key.") from error


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.NEXA_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "NEXA_ENCRYPTION_KEYS must be Fernet keys (32 bytes, URL-safe base64)."
        ) from error


class EncryptedJSONField(SecretsTextField):
    """Secrets in Python, one encrypted text in the database; never part of a form or an export."""

    description = "Encrypted secrets"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        kwargs.setdefault("default", Secrets)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secrets:
        return Secrets(token=value) if value else Secrets()

    def to_python(self, value: Any) -> Secrets:
        """A text is what a dump holds: the ciphertext."""
        if isinstance(value, Secrets):
            return value
        return Secrets(token=value) if isinstance(value, str) else Secrets(value)

    def get_prep_value(self, value: Any) -> str:
        return self.to_python(value).sealed()

    def value_to_string(self, obj: models.Model) -> str:
        """Dumps hold the ciphertext, never the secret."""
        return self.get_prep_value(self.value_from_object(obj))
