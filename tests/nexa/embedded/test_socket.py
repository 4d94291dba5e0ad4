"""A socket's path is short by law of the system, and its folder must be ours."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexa.embedded import EmbeddedDatabaseError, data_folder_made, release, start
from nexa.embedded.account import account_of_server
from nexa.embedded.paths import fits_socket, layout_made, socket_folder_made
from tests.nexa.embedded.conftest import asked, lent


@pytest.fixture
def deep(folder: Path, made_once: Path) -> Iterator[Path]:
    """A data folder too deep for a socket."""
    above = folder / ("d" * 60) / ("e" * 60)
    data_folder_made(above)
    with lent(made_once, above / "data") as place:
        yield place


@pytest.fixture
def short(deep: Path) -> Iterator[Path]:
    """The short folder that stands in for the one in the deep data folder."""
    layout = layout_made(deep)
    made = socket_folder_made(layout, account_of_server(layout.cluster))
    made.rmdir()
    yield made
    release(deep)
    if made.is_symlink():
        made.unlink()
    elif made.exists():
        made.rmdir()


def test_socket_lies_in_the_data_folder(data_folder: Path) -> None:
    assert start(data_folder, durable=False).socket_folder.is_relative_to(data_folder)


def test_deep_data_folder_gets_a_short_socket_folder(deep: Path, short: Path) -> None:
    database = start(deep, durable=False)
    assert database.socket_folder == short
    assert short.parent == Path(tempfile.gettempdir())
    assert fits_socket(short)
    assert short.stat().st_mode & 0o007 == 0
    assert asked(database.url, "SELECT 1") == 1


def test_short_socket_folder_goes_with_the_server(deep: Path, short: Path) -> None:
    start(deep, durable=False)
    release(deep)
    assert not short.exists()


def test_short_socket_folder_lost_to_a_cleaner_is_made_again(deep: Path, short: Path) -> None:
    start(deep, durable=False)
    release(deep)
    assert asked(start(deep, durable=False).url, "SELECT 1") == 1


def test_socket_folder_open_to_others_is_refused(deep: Path, short: Path) -> None:
    short.mkdir()
    short.chmod(0o777)
    with pytest.raises(EmbeddedDatabaseError, match="somebody else"):
        start(deep, durable=False)


def test_socket_folder_that_is_a_link_is_refused(deep: Path, short: Path, tmp_path: Path) -> None:
    short.symlink_to(tmp_path)
    mode = tmp_path.stat().st_mode
    with pytest.raises(EmbeddedDatabaseError, match="somebody else"):
        start(deep, durable=False)
    assert tmp_path.stat().st_mode == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else")
def test_socket_folder_of_somebody_else_is_refused(deep: Path, short: Path) -> None:
    short.mkdir(mode=0o700)
    os.chown(short, 12345, 12345)
    with pytest.raises(EmbeddedDatabaseError, match="somebody else"):
        start(deep, durable=False)
