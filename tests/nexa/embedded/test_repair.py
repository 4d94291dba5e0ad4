"""What was left behind by kill -9, a full disk or another release is mended or explained."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from nexa.embedded import EmbeddedDatabaseError, release, start
from nexa.embedded.account import account_of_server
from nexa.embedded.paths import Layout
from tests.nexa.embedded.conftest import Another, asked, server_of, wait_for

Make = Callable[..., Another]


def kill_server(layout: Layout) -> int:
    """kill -9, as the kernel does when memory runs out."""
    server = server_of(layout)
    assert server
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(server))
    return server


@pytest.fixture
def stranger(layout: Layout) -> Iterator[int]:
    """A living process of the server's account that has nothing to do with it."""
    account = account_of_server(layout.cluster)
    process = subprocess.Popen(
        ["/bin/sleep", "600"],
        user=account.user_id if account.is_lent else None,
        group=account.group_id if account.is_lent else None,
    )
    yield process.pid
    process.kill()
    process.wait()


def test_killed_server_starts_again(own_copy: Path, layout: Layout) -> None:
    with psycopg.connect(start(own_copy).url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    killed = kill_server(layout)
    assert asked(start(own_copy).url, "SELECT answer FROM kept") == 42
    assert server_of(layout) != killed


def test_killed_server_starts_again_when_its_number_was_taken(
    data_folder: Path, layout: Layout, stranger: int
) -> None:
    database = start(data_folder)
    killed = kill_server(layout)
    claims = (layout.cluster / "postmaster.pid", database.socket_folder / ".s.PGSQL.5432.lock")
    for claim in claims:
        claim.write_text(claim.read_text().replace(str(killed), str(stranger), 1))
    assert asked(start(data_folder).url, "SELECT 1") == 1
    assert psutil.pid_exists(stranger)


def test_release_spares_the_stranger_that_took_the_number(
    own_copy: Path, layout: Layout, stranger: int
) -> None:
    start(own_copy)
    killed = kill_server(layout)
    claim = layout.cluster / "postmaster.pid"
    claim.write_text(claim.read_text().replace(str(killed), str(stranger), 1))
    assert release(own_copy)
    assert psutil.pid_exists(stranger)


def test_killed_server_starts_again_while_its_backend_is_busy(
    data_folder: Path, layout: Layout
) -> None:
    connection = psycopg.connect(start(data_folder).url)
    busy = "SELECT count(*) FROM generate_series(1, 20000000)"
    thread = threading.Thread(target=_worked, args=(connection, busy))
    thread.start()
    time.sleep(0.5)
    kill_server(layout)
    assert asked(start(data_folder).url, "SELECT 1") == 1
    thread.join(60)


def _worked(connection: psycopg.Connection[tuple[object, ...]], query: str) -> None:
    with suppress(psycopg.OperationalError):
        connection.execute(query).fetchall()


def test_server_in_a_start_that_was_killed_is_adopted(
    data_folder: Path, layout: Layout, another: Make
) -> None:
    killed = another(data_folder)
    killed.tell("start")
    wait_for((layout.cluster / "postmaster.pid").exists)
    killed.killed()
    assert asked(start(data_folder).url, "SELECT 1") == 1


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_half_made_cluster_is_made_again(
    new_folder: Path, layout: Layout, another: Make, seconds: float
) -> None:
    killed = another(new_folder)
    killed.tell("start")
    wait_for(lambda: list(layout.home.glob("part-*/cluster")))
    time.sleep(seconds)
    killed.killed()
    assert asked(start(new_folder).url, "SELECT 1") == 1
    release(new_folder)
    start(new_folder)
    assert not list(layout.home.glob("part-*"))


def test_cluster_of_another_major_is_left_alone(own_copy: Path, layout: Layout) -> None:
    (layout.cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedDatabaseError, match=r"made by PostgreSQL 16.*\n?.*pg_dump"):
        start(own_copy)
    assert (layout.cluster / "PG_VERSION").read_text() == "16\n"


def test_cluster_that_is_none_is_left_alone(own_copy: Path, layout: Layout) -> None:
    (layout.cluster / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedDatabaseError, match="isn't a readable PostgreSQL cluster"):
        start(own_copy)


def test_initdb_on_a_full_disk_says_so_and_keeps_nothing(
    new_folder: Path, layout: Layout, file_size_limit: None
) -> None:
    with pytest.raises(EmbeddedDatabaseError, match=r"(?s)initdb ended with.*Nothing was kept"):
        start(new_folder)
    assert not layout.cluster.exists()
    assert not list(layout.home.glob("part-*/*"))


@pytest.fixture
def file_size_limit() -> Iterator[None]:
    """Writes fail beyond 1 MB, in this process and in those it starts."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_server_that_does_not_start_is_quoted(own_copy: Path, layout: Layout) -> None:
    with (layout.cluster / "postgresql.conf").open("a") as settings:
        settings.write("\nwork_mem = plenty\n")
    with pytest.raises(EmbeddedDatabaseError, match=r"(?s)didn't start.*work_mem"):
        start(own_copy)


def test_broken_data_is_quoted_from_the_own_log(own_copy: Path, layout: Layout) -> None:
    shutil.rmtree(layout.cluster / "pg_wal")
    with pytest.raises(EmbeddedDatabaseError, match=r"(?s)didn't start.*pg_wal"):
        start(own_copy)


def test_failed_start_counts_no_user(own_copy: Path, layout: Layout) -> None:
    settings = layout.cluster / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(good + "\nwork_mem = plenty\n")
    with pytest.raises(EmbeddedDatabaseError):
        start(own_copy)
    settings.write_text(good)
    assert release(own_copy)
    assert asked(start(own_copy).url, "SELECT 1") == 1
