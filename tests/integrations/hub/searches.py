"""How model checkers search: 300 examples in the ordinary run, as many as asked for at length."""

from __future__ import annotations

import os
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import run_state_machine_as_test as machine_run

EXAMPLES: Final = int(os.environ.get("NEXA_PROVE_EXAMPLES", "300"))
LONG_SEARCH: Final = pytest.mark.skipif(
    EXAMPLES < 1000, reason="found by a long search only: make prove"
)


def whole(steps: int) -> settings:
    """For the machine itself: whatever it finds is made small."""
    return settings(
        max_examples=EXAMPLES,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def first_failure(steps: int, examples: int) -> settings:
    """For a seeded fault: the first failure is enough; making it small takes long."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


def search(machine: type[RuleBasedStateMachine], asked: settings, **given: Any) -> None:
    """Run the machine with what it is given as attributes of its class; raises what it finds."""

    class Machine(machine):  # type: ignore[misc,valid-type]
        pass

    for name, value in given.items():
        setattr(Machine, name, value)
    machine_run(Machine, settings=asked)
