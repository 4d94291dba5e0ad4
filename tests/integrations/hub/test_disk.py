"""A disk that is nearly full takes nothing more in before it is full; by a reserve set too high."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.hub import disk
from integrations.hub.inbox import pressure
from integrations.hub.models import Connection, InboxEvent
from tests.integrations.hub.conftest import post_event

EVENT = {"id": "evt_1", "kind": "account.made", "name": "Acme"}
MORE_THAN_THERE_IS = 2**60


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Watched, and not made yet, as before the first upload."""
    settings.GROWING_FOLDERS = [tmp_path / "not" / "yet"]
    return settings.GROWING_FOLDERS[0]


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What is logged arrives once, whatever other tests have made of the logging."""
    loggers = [logging.getLogger(name) for name in (disk.logger.name, pressure.logger.name)]
    for logger in loggers:
        logger.addHandler(caplog.handler)
        logger.disabled = logger.propagate = False
    yield
    for logger in loggers:
        logger.removeHandler(caplog.handler)
        logger.propagate = True


@pytest.fixture(autouse=True)
def look_again() -> Any:
    pressure.gauge.forget()
    yield
    pressure.gauge.forget()


def test_disk_is_short_below_the_reserve_and_never_without_one(folder: Path, settings: Any) -> None:
    free = shutil.disk_usage(folder.parents[1]).free
    settings.DISK_RESERVE_BYTES = free // 2
    assert not disk.is_short()

    settings.DISK_RESERVE_BYTES = free * 2
    short = disk.short_disk()

    assert short is not None
    assert f"GiB free in {folder}, less than the reserve of" in short.words
    settings.DISK_RESERVE_BYTES = 0
    assert not disk.is_short()


def test_folders_of_one_disk_are_one_and_none_is_fine(
    folder: Path, settings: Any, tmp_path: Path
) -> None:
    settings.GROWING_FOLDERS = [tmp_path / "database", tmp_path / "files"]
    assert [one.folder for one in disk.disks()] == [tmp_path / "database"]

    settings.GROWING_FOLDERS = []
    settings.DISK_RESERVE_BYTES = MORE_THAN_THERE_IS

    assert not disk.is_short()


def test_disk_that_cannot_be_looked_at_is_told_and_keeps_nothing_back(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.GROWING_FOLDERS = [Path("/" + "x" * 300)]
    settings.DISK_RESERVE_BYTES = MORE_THAN_THERE_IS

    assert not disk.is_short()
    assert "cannot be looked at" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_web_hooks_are_to_be_sent_again_until_there_is_room(
    connection: Connection, folder: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DISK_RESERVE_BYTES = MORE_THAN_THERE_IS

    refused = post_event(connection, EVENT)
    pressure.gauge._next_look = 0.0  # as after LOOK_SECONDS
    again = post_event(connection, EVENT)

    assert (refused.status_code, refused["Retry-After"], again.status_code) == (503, "30", 503)
    assert not InboxEvent.objects.exists()
    assert caplog.text.count("the disk is nearly full") == 1
    assert str(folder) in caplog.text
    assert "the inbox is full" not in caplog.text

    settings.DISK_RESERVE_BYTES = 0
    pressure.gauge.forget()
    assert post_event(connection, EVENT).status_code == 200
