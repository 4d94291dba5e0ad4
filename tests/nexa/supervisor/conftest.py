from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nexa.supervisor import ChildSpec, Supervisor
from nexa.supervisor.register import ProcessRegister

SpecMaker = Callable[..., ChildSpec]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def register(tmp_path: Path) -> ProcessRegister:
    return ProcessRegister(tmp_path / "processes.json")


@pytest.fixture
def supervisor(register: ProcessRegister, said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(register, said.append, patience=5.0)
    yield made
    made.stop()


@pytest.fixture
def spec(tmp_path: Path) -> SpecMaker:
    def make(name: str, program: str, **environment: str) -> ChildSpec:
        command = (sys.executable, "-u", "-c", program)
        return ChildSpec(name, command, environment, tmp_path, tmp_path / f"{name}.log")

    return make


def eventually(question: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.02)
    return False
