from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from nexa import checks


def _ids(messages) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.parametrize("key", ["", "short", "x" * 44])
def test_encryption_key_that_is_none_is_an_error(settings, key) -> None:
    settings.NEXA_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), key]

    found = checks.encryption_keys_are_usable(None)

    assert _ids(found) == ["nexa.E001"]
    assert "Key 2" in found[0].msg


def test_encryption_keys_that_are_valid_pass(settings) -> None:
    settings.NEXA_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert checks.encryption_keys_are_usable(None) == []


def test_database_of_another_kind_is_an_error(settings, monkeypatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")

    assert _ids(checks.database_suits(None)) == ["nexa.E002"]


def test_atomic_requests_are_an_error(settings, monkeypatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)

    assert _ids(checks.database_suits(None)) == ["nexa.E003"]


def test_sandbox_and_demo_are_errors_when_deployed(settings) -> None:
    settings.NEXA_SANDBOX_URL = "http://127.0.0.1:8100"
    settings.DEMO = True
    settings.EMAIL_HOST = ""

    assert _ids(checks.production_is_no_demo(None)) == ["nexa.E010", "nexa.E011", "nexa.W012"]


@pytest.mark.parametrize(
    ("url", "hosts", "ids"),
    [
        ("https://crm.example", ["crm.example"], []),
        ("https://crm.example", [".example"], []),
        ("https://crm.example", ["other.example"], ["nexa.E014"]),
        ("http://crm.example", ["crm.example"], ["nexa.W013"]),
        ("https://127.0.0.1", ["127.0.0.1"], ["nexa.W013"]),
    ],
)
def test_base_url_has_to_be_ours_and_public(settings, url, hosts, ids) -> None:
    settings.NEXA_BASE_URL, settings.ALLOWED_HOSTS = url, hosts

    assert _ids(checks.base_url_is_ours(None)) == ids
