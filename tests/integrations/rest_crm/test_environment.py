"""The CRM_* variables: what they become, and how wrong ones are named."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from integrations.hub.types import EnvironmentConnection
from integrations.rest_crm.configuration import configuration_of
from integrations.rest_crm.environment import environment_connection

FULL = {
    "CRM_ENABLED": "true",
    "CRM_API_URL": "https://crm.example.test",
    "CRM_API_KEY": "key-12345",
    "CRM_API_SECRET": "secret-12345",
    "CRM_WEBHOOK_URL": "https://nexa.example.test/api/crm/webhook",
    "CRM_WEBHOOK_SECRET": "hook-12345",
    "CRM_TIMEOUT": "1500",
    "CRM_RETRY_ATTEMPTS": "3",
    "CRM_RETRY_DELAY": "250",
    "PATH": "/bin",
}


def test_variables_become_a_connection() -> None:
    made = environment_connection(FULL)

    assert made is not None
    assert dict(made.credentials) == {
        "api_key": "key-12345",
        "api_secret": "secret-12345",
        "webhook_secret": "hook-12345",
    }
    assert made.settings["webhook_url"] == "https://nexa.example.test/api/crm/webhook"
    configuration = configuration_of(made.settings)
    assert configuration.base_url == "https://crm.example.test/api/v1"
    assert configuration.timeout_seconds == 1.5
    assert configuration.retrying.delays() == (0.25, 0.5, 1.0)


@pytest.mark.parametrize(
    "environ",
    [{}, {"CRM_TIMEOUT": "x"}, {"CRM_API_KEY": "k"}, {"CRM_ENABLED": ""}],
)
def test_nothing_set_asks_for_nothing(environ: dict[str, str]) -> None:
    assert environment_connection(environ) is None


def test_switched_off_asks_for_no_connection_at_work() -> None:
    made = environment_connection(FULL | {"CRM_ENABLED": "false", "CRM_TIMEOUT": "x"})

    assert made == EnvironmentConnection(is_enabled=False)


def test_address_alone_switches_it_on() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"CRM_API_KEY: Set it.* CRM_API_SECRET: Set it"):
        environment_connection({"CRM_API_URL": "https://crm.example.test"})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CRM_ENABLED", "perhaps", "true or false"),
        ("CRM_API_URL", "crm.example.test", "https://"),
        ("CRM_API_URL", "http://crm.example.test", "https://"),
        ("CRM_API_URL", "", "Set it"),
        ("CRM_API_SECRET", "", "Set it"),
        ("CRM_API_KEY", "has blank", "blanks"),
        ("CRM_WEBHOOK_URL", "http://nexa.example.test", "https://"),
        ("CRM_TIMEOUT", "30s", "whole number"),
        ("CRM_TIMEOUT", "5", "100 to 60000"),
        ("CRM_RETRY_ATTEMPTS", "-1", "whole number"),
        ("CRM_RETRY_DELAY", "1.5", "whole number"),
    ],
)
def test_wrong_variable_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name}: .*{words}"):
        environment_connection({**FULL, name: value})


def test_secrets_are_in_no_message_and_no_repr() -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        environment_connection({**FULL, "CRM_API_KEY": "very secret", "CRM_TIMEOUT": "x"})

    assert "very secret" not in str(raised.value)
    assert "secret-12345" not in repr(environment_connection(FULL))
