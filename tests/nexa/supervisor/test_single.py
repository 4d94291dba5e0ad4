from __future__ import annotations

import subprocess
import sys

import pytest

from nexa.supervisor import SupervisorError
from nexa.supervisor.single import Instance, only_one, running

HOLDS = (
    "import sys; from pathlib import Path; from nexa.supervisor.single import only_one\n"
    "with only_one(Path(sys.argv[1]), address='http://127.0.0.1:8000', sandbox='http://s'):\n"
    "    print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_second_one_is_told_where_the_first_serves(tmp_path, holder) -> None:
    with (
        pytest.raises(SupervisorError) as refused,
        only_one(tmp_path / "lock", address="http://127.0.0.1:9000"),
    ):
        pass

    assert f"http://127.0.0.1:8000 (process {holder.pid})" in str(refused.value)


def test_lock_of_a_killed_one_is_taken_over(tmp_path, holder) -> None:
    holder.kill()
    holder.wait()

    with only_one(tmp_path / "lock", address="http://127.0.0.1:9000"):
        assert b"9000" in (tmp_path / "lock").read_bytes()


def test_holder_of_the_lock_is_known(tmp_path, holder) -> None:
    found = running(tmp_path / "lock")

    assert found == Instance(holder.pid, "http://127.0.0.1:8000", "http://s")


def test_nobody_runs_once_the_holder_has_ended(tmp_path, holder) -> None:
    holder.kill()
    holder.wait()

    assert running(tmp_path / "lock") is None
    assert running(tmp_path / "never-was") is None
