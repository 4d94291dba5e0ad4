"""Fault points are for tests: a process that serves people has none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from integrations.hub import faults

SHOWS = """
import os, django
django.setup()
from integrations.hub import execution, faults
os.environ["HUB_FAULT"] = "job.claimed:kill"
execution.fault("job.claimed")
print(faults.fault is faults._nothing)
"""


def test_process_without_the_variable_has_no_fault_points() -> None:
    environment = {name: value for name, value in os.environ.items() if name != faults.VARIABLE}

    done = subprocess.run(
        [sys.executable, "-c", SHOWS],
        env=environment | {"DJANGO_SETTINGS_MODULE": "nexa.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.stdout.strip() == "True", done.stderr


def test_fault_point_of_production_is_an_empty_function() -> None:
    code = faults._nothing.__code__

    assert code.co_names == ()
    assert set(code.co_consts) == {faults._nothing.__doc__, None}


def test_fault_point_breaks_at_the_hit_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(faults.VARIABLE, "here.of.all:raise@2")

    faults.fault("here.of.all")
    faults.fault("somewhere.else")
    with pytest.raises(faults.FaultRaised):
        faults.fault("here.of.all")
    faults.fault("here.of.all")
