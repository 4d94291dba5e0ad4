"""The built assets, which take long to make."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.assets import assets_built


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, which a test may spoil."""
    return shutil.copytree(assets_built(), tmp_path_factory.mktemp("built") / "assets")
