"""Loaded before Django's settings: gives the run a throw-away PostgreSQL and test secrets."""

from __future__ import annotations

import gc
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffle: each process begins with its share of the longest tests.

    One that begins last would keep a single process busy while the others have nothing left.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    longest = [item for item in items if item.get_closest_marker("long")]
    if processes == 1 or not longest:
        return
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for item in sorted(longest, key=_seconds, reverse=True):
        min(shares, key=lambda share: sum(map(_seconds, share))).append(item)
    others = [item for item in items if item not in longest]
    size = -(-len(others) // processes)
    parts = [others[at * size : (at + 1) * size] for at in range(processes)]
    items[:] = [item for share, part in zip(shares, parts, strict=True) for item in share + part]


def pytest_collection_finish() -> None:
    """What is loaded by now stays loaded: the collector need not go through it again and again.

    Nor need it look for cycles among what a test has made each time that 700 objects are new.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _seconds(item: pytest.Item) -> int:
    marker = item.get_closest_marker("long")
    return int(marker.args[0]) if marker else 0


def pytest_unconfigure(config: pytest.Config) -> None:
    _resources.close()
