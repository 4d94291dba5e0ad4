"""What a server is like once it runs, and which folders it may run in."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from nexa.embedded import EmbeddedDatabaseError, default_data_folder, release, start
from nexa.embedded.paths import Layout
from tests.nexa.embedded.conftest import asked, lent, own_folder, server_of

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server an account")


@pytest.fixture(scope="module")
def served_url() -> Iterator[str]:
    """A durable server for the tests that only ask."""
    with own_folder() as folder:
        yield start(folder / "data").url


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_version_num", "18"),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("max_connections", "200"),
        ("shared_buffers", "256MB"),
        ("random_page_cost", "1.1"),
        ("max_wal_size", "2GB"),
        ("TimeZone", "UTC"),
        ("listen_addresses", ""),
        ("password_encryption", "scram-sha-256"),
    ],
)
def test_start_sets_the_server(served_url: str, setting: str, value: str) -> None:
    assert asked(served_url, f"SELECT current_setting('{setting}')").startswith(value)


def test_start_sorts_and_folds_case_the_same_everywhere(served_url: str) -> None:
    query = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'nexa'"
    assert asked(served_url, query) == "bC.UTF-8"
    assert asked(served_url, "SELECT lower('ÄÖŠ')") == "äöš"


def test_start_gives_the_application_a_role_without_superuser_rights(served_url: str) -> None:
    query = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert asked(served_url, query) is False
    assert asked(served_url, "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user")


def test_start_again_returns_the_same_server(data_folder: Path, layout: Layout) -> None:
    first = start(data_folder, durable=False)
    server = server_of(layout)
    assert start(data_folder, durable=False) == first
    assert server_of(layout) == server


def test_start_keeps_the_data_over_a_stop(own_copy: Path) -> None:
    with psycopg.connect(start(own_copy).url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert release(own_copy)
    assert asked(start(own_copy).url, "SELECT answer FROM kept") == 42


def test_start_makes_another_database_beside_the_first(data_folder: Path) -> None:
    start(data_folder, durable=False)
    name = f"second_{secrets.token_hex(4)}"
    second = start(data_folder, name=name, durable=False)
    assert asked(second.url, "SELECT current_database()") == name
    assert asked(second.url, "SELECT current_user") == name


@pytest.mark.parametrize("name", ["", "Nexa", "a-b", "a b", "pg_nexa", "x" * 64, "a'b"])
def test_start_refuses_a_name_that_needs_quotes(new_folder: Path, name: str) -> None:
    with pytest.raises(EmbeddedDatabaseError, match="can't name a database"):
        start(new_folder, name=name)


def test_start_not_durable_trades_safety_for_speed(data_folder: Path) -> None:
    database = start(data_folder, durable=False)
    assert asked(database.url, "SHOW fsync") == "off"
    assert asked(database.url, "SHOW synchronous_commit") == "off"


@pytest.mark.parametrize("name", ["two words", 'it\'s "$HOME" `x`', "ümläut", "a,b", "per%20cent"])
def test_start_works_in_a_folder_with_any_name(folder: Path, made_once: Path, name: str) -> None:
    with lent(made_once, folder / name) as place:
        assert asked(start(place, durable=False).url, "SELECT 1") == 1


def test_start_runs_the_server_as_an_ordinary_account(data_folder: Path, layout: Layout) -> None:
    start(data_folder, durable=False)
    server = server_of(layout)
    assert server
    assert psutil.Process(server).uids().real != 0
    assert layout.cluster.stat().st_uid == psutil.Process(server).uids().real


def test_start_touches_no_folder_that_was_there(folder: Path) -> None:
    above = folder / "above"
    above.mkdir(mode=0o755)
    data_folder = above / "data"
    data_folder.mkdir(mode=0o775)
    before = [path.stat()[:6] for path in (*folder.parents, folder, above, data_folder)]
    start(data_folder, durable=False)
    after = [path.stat()[:6] for path in (*folder.parents, folder, above, data_folder)]
    assert [row[:1] + row[4:] for row in before] == [row[:1] + row[4:] for row in after]


def test_start_opens_new_folders_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        database = start(folder / "a" / "b", durable=False)
    finally:
        os.umask(before)
    assert asked(database.url, "SELECT 1") == 1


@as_root
def test_start_names_a_folder_that_the_server_cannot_reach(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedDatabaseError, match=r"can't reach .*NEXA_DATA_DIR"):
        start(closed / "data")
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_start_refuses_a_folder_of_somebody_else(new_folder: Path, layout: Layout) -> None:
    layout.home.mkdir(parents=True)
    os.chown(layout.home, 12345, 12345)
    with pytest.raises(EmbeddedDatabaseError, match="belongs to user id 12345"):
        start(new_folder)


def test_start_names_a_folder_that_cannot_be_made(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(EmbeddedDatabaseError, match=r"can't be used: .*NEXA_DATA_DIR"):
        start(folder / "file" / "data")


def test_default_data_folder_differs_by_checkout(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert default_data_folder(first) == default_data_folder(first)
    assert default_data_folder(first) != default_data_folder(second)
