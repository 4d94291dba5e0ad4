"""The built assets, which take long to make."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from nexa.assets.build import build


@pytest.fixture(scope="session")
def assets_of_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built anew once in each run, by the process that needs them first; the others wait."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    with (place / "assets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build(place / "assets")
    return place / "assets"


@pytest.fixture(scope="module")
def assets(assets_of_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, which a test may spoil."""
    return shutil.copytree(assets_of_run, tmp_path_factory.mktemp("built") / "assets")
