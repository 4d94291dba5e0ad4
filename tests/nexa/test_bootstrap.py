from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nexa import bootstrap

SCRIPT = Path(bootstrap.__file__)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock that asks for nothing, so that no package index is needed."""
    path = tmp_path / "requirements.lock"
    path.write_text("# nothing\n", encoding="utf-8")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "venv"


@pytest.fixture(autouse=True)
def folder(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With uv, which is quick; a test below goes without."""
    environment.parent.mkdir()
    programs = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def _runs(environment: Path) -> bool:
    done = subprocess.run([environment / "bin" / "python", "-c", "pass"], check=False)
    return done.returncode == 0


def test_environment_is_made_and_then_left_alone(environment, lock) -> None:
    bootstrap.environment_made(environment, lock)
    born = (environment / "pyvenv.cfg").stat().st_mtime_ns

    bootstrap.environment_made(environment, lock)

    assert _runs(environment)
    assert (environment / "pyvenv.cfg").stat().st_mtime_ns == born


def test_environment_is_made_without_uv(environment, lock, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    bootstrap.environment_made(environment, lock)

    assert _runs(environment)


def test_environment_of_a_killed_run_is_made_afresh(environment, lock) -> None:
    bootstrap.environment_made(environment, lock)
    (environment / bootstrap.STAMP).unlink()
    (environment / "half").touch()

    bootstrap.environment_made(environment, lock)

    assert _runs(environment)
    assert not (environment / "half").exists()


def test_environment_of_another_lock_is_made_afresh(environment, lock) -> None:
    bootstrap.environment_made(environment, lock)
    lock.write_text("# other\n", encoding="utf-8")
    (environment / "old").touch()

    bootstrap.environment_made(environment, lock)

    assert not (environment / "old").exists()


def test_two_runs_at_once_make_it_once(environment, lock) -> None:
    context = multiprocessing.get_context("spawn")
    runs = [
        context.Process(target=bootstrap.environment_made, args=(environment, lock))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert [run.exitcode for run in runs] == [0, 0]
    assert _runs(environment)


def test_lock_file_of_a_killed_run_holds_nobody_up(environment, lock) -> None:
    environment.with_name("venv.lock").touch()

    bootstrap.environment_made(environment, lock)

    assert _runs(environment)


def test_missing_lock_is_told_in_words(environment, tmp_path) -> None:
    with pytest.raises(bootstrap.BootstrapError, match=r"none\.lock cannot be read"):
        bootstrap.environment_made(environment, tmp_path / "none.lock")


def test_lock_that_cannot_be_installed_leaves_no_stamp(environment, lock) -> None:
    lock.write_text("not a requirement at all\n", encoding="utf-8")

    with pytest.raises(bootstrap.BootstrapError, match="pip could not install"):
        bootstrap.environment_made(environment, lock)

    assert not (environment / bootstrap.STAMP).exists()


def test_script_runs_without_any_package(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, "--help"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_lock_entry_is_one_package_with_its_hashes() -> None:
    uv = "uv==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n"
    text = f"ab==1 \\\n    --hash=sha256:1\n{uv}z==3\n"

    assert bootstrap.lock_entry(text, "uv") == uv
    assert bootstrap.lock_entry(text, "none") == ""


def test_lock_names_no_index_and_hashes_everything() -> None:
    text = bootstrap.LOCK.read_text(encoding="utf-8")
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert "://" not in text
    assert not any(line.startswith("-") for line in entries)
    assert all(line.endswith("\\") for line in entries)


def test_folder_that_cannot_be_written_is_told_in_words(lock, tmp_path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)

    with pytest.raises(bootstrap.BootstrapError, match="cannot be written"):
        bootstrap.environment_made(closed / "venv", lock)


def test_doors_let_processes_keep_what_they_compiled() -> None:
    """Where nothing may be kept, each process compiles some two thousand modules for itself."""
    asked = ["make", "--no-print-directory", "--eval=probe: ; @env", "probe"]
    told = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}

    said = subprocess.run(
        asked, cwd=SCRIPT.parents[1], env=told, capture_output=True, text=True, check=True
    )

    assert "PATH=" in said.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in said.stdout
