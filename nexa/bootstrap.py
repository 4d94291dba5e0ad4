"""Makes or mends the virtual environment before anything else can run; standard library only.

`python3 -I nexa/bootstrap.py [--environment .venv]` returns at once when all is there already.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
STAMP = ".complete"
SUPPORTED = ((3, 11), (3, 12))


class BootstrapError(Exception):
    """The environment cannot be made; the message says how to mend it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", type=Path, default=PROJECT / ".venv")
    environment = parser.parse_args().environment.absolute()
    try:
        environment_made(environment, LOCK)
    except BootstrapError as error:
        print(f"The environment could not be made.\n{error}", file=sys.stderr)
        return 1
    return 0


def environment_made(environment: Path, lock: Path) -> None:
    """Have an environment with exactly what the lock names; idempotent, one process at a time.

    Raises BootstrapError. The stamp goes first and comes last, so a killed run is started afresh.
    """
    if sys.version_info[:2] not in SUPPORTED:
        raise BootstrapError(f"Python 3.11 or 3.12 is needed; this is {sys.version.split()[0]}.")
    wanted = stamp_wanted(environment, lock)
    if is_complete(environment, wanted):
        return
    with one_at_a_time(environment):
        if is_complete(environment, wanted):  # made while we waited
            return
        print(
            f"Making the environment {environment} (once; it takes a minute or two) …", flush=True
        )
        _environment_rebuilt(environment, lock)
        (environment / STAMP).write_text(wanted, encoding="utf-8")


def stamp_wanted(environment: Path, lock: Path) -> str:
    """What a complete environment says of itself: lock, Python and place (scripts name it)."""
    try:
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError as error:
        raise BootstrapError(f"{lock} cannot be read: {error.strerror}.") from error
    python = "{}.{}".format(*sys.version_info)
    return f"{digest} python{python} {environment}\n"


def is_complete(environment: Path, wanted: str) -> bool:
    try:
        found = (environment / STAMP).read_text(encoding="utf-8")
    except OSError:
        return False
    return found == wanted and os.access(environment / "bin" / "python", os.X_OK)


@contextmanager
def one_at_a_time(environment: Path) -> Iterator[None]:
    """Wait for another make; the lock falls with the process that holds it, however it ends."""
    path = environment.with_name(environment.name + ".lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BootstrapError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is making the environment; waiting for it …", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _environment_rebuilt(environment: Path, lock: Path) -> None:
    """With the uv that is there, else with pip's, else with pip alone."""
    shutil.rmtree(environment, ignore_errors=True)
    uv = shutil.which("uv")
    if uv and _tried([uv, "venv", "--quiet", "--python", sys.executable, environment]):
        if _installed_by_uv(uv, environment, lock):
            return
        print("uv could not install the packages; taking pip …", flush=True)
        shutil.rmtree(environment, ignore_errors=True)
    _run(
        [sys.executable, "-m", "venv", environment],
        "Python's venv module does not work. On Debian or Ubuntu: apt-get install python3-venv",
    )
    own_uv = _uv_installed(environment, lock)
    if own_uv and _installed_by_uv(own_uv, environment, lock):
        return
    _run(
        [_python(environment), "-m", "pip", *_PIP_INSTALL, "-r", lock],
        "pip could not install the packages. Is the package index reachable from here, and does "
        "it serve this platform? See pip's words above; then run make again.",
    )


_PIP_INSTALL = ("install", "--quiet", "--disable-pip-version-check", "--require-hashes")


def _installed_by_uv(uv: str, environment: Path, lock: Path) -> bool:
    # Who runs the programs may not be allowed to write beside them.
    options = (
        "--quiet",
        "--require-hashes",
        "--compile-bytecode",
        "--python",
        _python(environment),
    )
    return _tried([uv, "pip", "install", *options, "-r", lock])


def _uv_installed(environment: Path, lock: Path) -> str | None:
    """uv from the lock, for its speed; None when it cannot be had."""
    entry = lock_entry(lock.read_text(encoding="utf-8"), "uv")
    if not entry:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(entry)
        file.flush()
        pip: list[str | Path] = [_python(environment), "-m", "pip", *_PIP_INSTALL]
        made = _tried([*pip, "--no-deps", "-r", file.name])
        return str(environment / "bin" / "uv") if made else None


def lock_entry(text: str, name: str) -> str:
    """The lines of one package in a lock file, its hashes with it; empty when it is not there."""
    found = re.search(rf"^{re.escape(name)}==(?:.*\\\n)*.*$", text, re.MULTILINE)
    return found.group(0) + "\n" if found else ""


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


def _tried(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def _run(command: list[str | Path], advice: str) -> None:
    if not _tried(command):
        raise BootstrapError(advice or f"`{' '.join(map(str, command))}` failed; see above.")


if __name__ == "__main__":
    sys.exit(main())
