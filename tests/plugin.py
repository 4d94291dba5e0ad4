"""Loaded before Django's settings: gives the run a throw-away PostgreSQL and test secrets."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack

import hypothesis
import pytest

from nexa.embedded.throwaway import throwaway_database
from tests.schema import schema_under_way

_resources = ExitStack()

# The gate draws the same examples each time, so that a change is judged by itself; `make prove`
# asks for many and draws anew.
EXAMPLES = os.environ.get("NEXA_PROVE_EXAMPLES", "")
hypothesis.settings.register_profile("gate", derandomize=True, deadline=None)
hypothesis.settings.register_profile("prove", deadline=None, print_blob=True)

TEST_ENVIRONMENT = {
    "SECRET_KEY": "test-secret-key-which-is-long-enough-for-the-deploy-check-0123456789",
    "NEXA_ENCRYPTION_KEYS": "Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "NEXA_LOG_LEVEL": "WARNING",
    # Fault points are there, and do nothing until a test says so.
    "HUB_FAULT": "",
}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Runs in the controller and in every worker; workers inherit the controller's database.

    A wrapper, so that it runs before pytest-django reads the settings.
    """
    hypothesis.settings.load_profile("prove" if EXAMPLES else "gate")
    for name, value in TEST_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in ("DEBUG", "NEXA_DEMO", "NEXA_SANDBOX_URL", "NEXA_BASE_URL"):
        os.environ.pop(name, None)
    if "PYTEST_XDIST_WORKER" not in os.environ and "NEXA_TEST_DATABASE_URL" not in os.environ:
        database = _resources.enter_context(throwaway_database("nexa-tests"))
        os.environ["NEXA_TEST_DATABASE_URL"] = database.url
    os.environ["DATABASE_URL"] = os.environ["NEXA_TEST_DATABASE_URL"]
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ and config.getoption("numprocesses", None):
        _resources.enter_context(schema_under_way())


def pytest_unconfigure(config: pytest.Config) -> None:
    _resources.close()
