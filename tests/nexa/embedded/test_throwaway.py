"""A throw-away database leaves nothing behind."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nexa.embedded.paths import layout_of
from nexa.embedded.throwaway import throwaway_database, throwaway_folder
from tests.nexa.embedded.conftest import Another, asked, server_of

Make = Callable[..., Another]


def test_throwaway_serves_and_is_gone_afterwards() -> None:
    with throwaway_database() as database:
        folder = database.socket_folder.parents[1]
        assert asked(database.url, "SHOW fsync") == "off"
    assert not folder.exists()


def test_throwaway_is_gone_when_the_tests_failed() -> None:
    seen: list[Path] = []
    with pytest.raises(ZeroDivisionError):
        _fails(seen)
    assert seen
    assert not seen[0].exists()


def test_throwaway_is_gone_when_another_still_uses_it(another: Make) -> None:
    with throwaway_database() as database:
        folder = database.socket_folder.parents[1]
        another(folder).told("start")
        layout = layout_of(folder)
    assert server_of(layout) is None
    assert not folder.exists()


def test_throwaway_clears_what_a_killed_run_left(another: Make) -> None:
    prefix = f"nx-{secrets.token_hex(4)}-"
    abandoned = Path(tempfile.mkdtemp(prefix=prefix))
    abandoned.chmod(0o711)
    mark = abandoned / "throwaway"
    mark.touch()
    os.utime(mark, (time.time() - 3600,) * 2)
    killed = another(abandoned)
    killed.told("start")
    with throwaway_database(prefix):
        assert server_of(layout_of(abandoned))
    killed.killed()
    with throwaway_database(prefix):
        assert not abandoned.exists()


def test_throwaway_spares_a_data_folder_of_a_like_name() -> None:
    prefix = f"nx-{secrets.token_hex(4)}-"
    kept = Path(tempfile.mkdtemp(prefix=prefix))
    os.utime(kept, (0, 0))
    with throwaway_database(prefix):
        pass
    assert kept.exists()
    kept.rmdir()


def test_throwaway_spares_that_of_a_longer_prefix() -> None:
    """Such as a demo's: its server lies deeper, and nobody could tell that it is used."""
    prefix = f"nx-{secrets.token_hex(4)}-"
    with throwaway_folder(f"{prefix}demo-") as others:
        os.utime(others / "throwaway", (0, 0))
        with throwaway_folder(prefix):
            assert others.exists()


def _fails(seen: list[Path]) -> float:
    with throwaway_database() as database:
        seen.append(database.socket_folder.parents[1])
        return 1 / 0
