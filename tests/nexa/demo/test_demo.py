"""The demo as people start it: real processes, real ports, a real stop."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from nexa.embedded.throwaway import throwaway_folder
from nexa.serve.folders import is_demos
from nexa.supervisor.ports import port_anywhere

pytestmark = pytest.mark.cluster

PROJECT = Path(__file__).resolve().parents[3]
START_SECONDS = 240.0


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-u", "manage.py", "demo", *arguments]


def _children_of(folder: Path) -> list[psutil.Process]:
    """Every process of the demo in this folder, the database's server not counted."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NEXA_DATA_DIR") == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def _demo(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        _command("--data", str(folder), "--port", str(port)),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)


def _heard(process: subprocess.Popen[str], words: str) -> str:
    """What it said until those words; fails when it ends first."""
    said = ""
    deadline = time.monotonic() + START_SECONDS
    while words not in said:
        line = process.stdout.readline()
        if not line or time.monotonic() > deadline:
            pytest.fail(f"never said {words!r}:\n{said}")
        said += line
    return said


@pytest.fixture
def folder() -> Iterator[Path]:
    with throwaway_folder("nexa-tests-demo-") as made:
        yield made


@pytest.mark.long(110)
def test_demo_is_one_at_a_time_finds_its_data_again_and_clears_what_a_kill_left(folder) -> None:
    """All on one folder, since the first start makes it, and takes long."""
    with _demo(folder, port := port_anywhere()) as process:
        said = _heard(process, "Ctrl-C")
        first = re.findall(r"password: (\S+)", said)
        assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
        assert is_demos(folder)
        _second_is_refused(folder, port)
        process.kill()
        process.wait()
        left = {child.pid for child in _children_of(folder)}
        assert left

    with _demo(folder, port_anywhere()) as process:
        said = _heard(process, "Ctrl-C")
        assert "Ended what an earlier run had left behind" in said
        assert re.findall(r"password: (\S+)", said) == first
        assert not left & {child.pid for child in _children_of(folder)}
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
    assert not _children_of(folder)
    assert not (folder / "postgresql" / "cluster" / "postmaster.pid").exists()


def _second_is_refused(folder: Path, port: int) -> None:
    second = subprocess.run(
        _command("--data", str(folder), "--port", str(port_anywhere())),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert second.returncode == 1
    assert f"http://127.0.0.1:{port}" in second.stderr
    assert "Traceback" not in second.stderr


def test_busy_port_is_named_with_the_option(folder) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        done = subprocess.run(
            _command("--data", str(folder), "--port", str(port)),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in done.stderr
    assert "make demo PORT=" in done.stderr
    assert not (folder / "postgresql" / "cluster").exists()


@pytest.mark.long(100)
def test_check_drives_the_whole_loop_and_leaves_nothing(folder) -> None:
    """The smoke test itself: import, win, pay, fail, console, retry."""
    temporary = folder / "tmp"
    temporary.mkdir(mode=0o711)
    done = subprocess.run(
        _command("--check"),
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "NO " not in done.stdout
    assert not list(temporary.iterdir())
