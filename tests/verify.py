"""`make test` and `make lint`: every check, the whole list told at the end.

The tests run beside the others, and to their end when one of those fails: one run tells everything.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
# Stands in for an installation's own settings; nothing of it is kept or secret.
ENVIRONMENT = {
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/unused",
    "SECRET_KEY": "only-for-checks-0123456789-0123456789-0123456789-abc",
    "ALLOWED_HOSTS": "localhost",
    "NEXA_ENCRYPTION_KEYS": "Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=",
}


@dataclass(frozen=True)
class Check:
    """One tool and what it holds."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """How a check ended; output is what it said when it was run beside others."""

    check: Check
    passed: bool
    seconds: float
    output: str = ""


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


LINT = (
    Check("style", _module("ruff", "check", ".")),
    Check("format", _module("ruff", "format", "--check", ".")),
    Check("types", _module("mypy", "nexa", "crm", "integrations", "imports")),
    Check("import directions", (str(PROGRAMS / "lint-imports"),)),
    Check(
        "migrations",
        (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"),
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lint", action="store_true", help="only the checks without tests")
    parser.add_argument("tests", nargs="*", help="arguments for pytest")
    options, for_pytest = parser.parse_known_args()
    if options.lint:
        return told(linted(at_once=2))
    with ThreadPoolExecutor(1) as beside:
        lint = beside.submit(linted, at_once=1)
        outcomes = [chromium_checked(), tested([*options.tests, *for_pytest])]
        return told([*lint.result(), *outcomes])


def linted(*, at_once: int) -> list[Outcome]:
    """Each in a process of its own, the types first, since they take most of the time."""
    with ThreadPoolExecutor(at_once) as pool:
        outcomes = list(pool.map(_quietly, sorted(LINT, key=lambda check: check.name != "types")))
    for outcome in outcomes:
        if not outcome.passed:
            print(f"--- {outcome.check.name}\n{outcome.output}", flush=True)
    return outcomes


def chromium_checked() -> Outcome:
    return _loudly(Check("Chromium", _module("tests.chromium")))


def tested(arguments: list[str]) -> Outcome:
    # Much of the time is spent waiting for clocks, sockets and the database: two for each core.
    processes = str(2 * (os.cpu_count() or 1))
    # Each begins with a part of its own and takes from the others in the end: tests of one module
    # share what it makes, and nobody is left with all the long ones.
    parallel = ("-n", os.environ.get("NEXA_TEST_PROCESSES", processes), "--dist", "worksteal")
    return _loudly(Check("tests", _module("pytest", *parallel, *arguments)))


def told(outcomes: list[Outcome]) -> int:
    print()
    for outcome in outcomes:
        word = "passed" if outcome.passed else "FAILED"
        print(f"{word}  {outcome.check.name:<18} {outcome.seconds:6.1f} s")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _quietly(check: Check) -> Outcome:
    began = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=PROJECT,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.monotonic() - began
    return Outcome(check, done.returncode == 0, spent, done.stdout + done.stderr)


def _loudly(check: Check) -> Outcome:
    began = time.monotonic()
    code = subprocess.run(check.command, cwd=PROJECT, check=False).returncode
    return Outcome(check, code == 0, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
