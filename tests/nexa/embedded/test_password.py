"""Nobody comes in without the password, not even over the local socket."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import psycopg
import pytest

from nexa.embedded import EmbeddedDatabaseError, release, start
from nexa.embedded.account import account_of_server
from nexa.embedded.binaries import psql
from nexa.embedded.paths import Layout
from tests.nexa.embedded.conftest import asked, server_of


@pytest.mark.parametrize("user", ["nexa", "postgres"])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_socket_refuses_a_wrong_password(data_folder: Path, user: str, password: str) -> None:
    database = start(data_folder, durable=False)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=str(database.socket_folder), user=user, password=password, dbname="nexa"
        )


def test_socket_refuses_the_account_of_the_server_itself(data_folder: Path, layout: Layout) -> None:
    database = start(data_folder, durable=False)
    account = account_of_server(layout.cluster)
    command = [psql(), "-w", "-h", database.socket_folder, "-U", "postgres", "-c", "SELECT 1"]
    result = account.run(command)
    assert "no password supplied" in result.stdout


def test_no_line_of_the_access_rules_trusts(data_folder: Path, layout: Layout) -> None:
    start(data_folder, durable=False)
    rules = (layout.cluster / "pg_hba.conf").read_text().splitlines()
    methods = {rule.split()[-1] for rule in rules if rule.strip() and not rule.startswith("#")}
    assert methods == {"scram-sha-256"}


def test_server_listens_on_no_port(data_folder: Path, layout: Layout) -> None:
    start(data_folder, durable=False)
    # The server writes its first TCP address there; a look at its sockets needs ptrace rights.
    assert (layout.cluster / "postmaster.pid").read_text().splitlines()[5] == ""


def test_password_lies_in_a_file_only_we_may_read(data_folder: Path, layout: Layout) -> None:
    database = start(data_folder, durable=False)
    found = layout.password.stat()
    assert layout.password.read_text() == database.password
    assert len(database.password) >= 32
    assert found.st_mode & 0o777 == 0o600
    assert found.st_uid == os.geteuid()


def test_password_shows_in_no_other_file_and_no_command_line(
    data_folder: Path, layout: Layout
) -> None:
    database = start(data_folder, durable=False)
    server = server_of(layout)
    assert server
    assert database.password not in " ".join(psutil.Process(server).cmdline())
    release(data_folder)
    secret = database.password.encode()
    found = [path for path in layout.home.rglob("*") if path.is_file()]
    assert [path for path in found if secret in path.read_bytes()] == [layout.password]


def test_lost_password_is_replaced(own_copy: Path, layout: Layout) -> None:
    lost = start(own_copy, durable=False)
    release(own_copy)
    layout.password.unlink()
    found = start(own_copy, durable=False)
    assert found.password != lost.password
    assert asked(found.url, "SELECT 1") == 1


def test_password_lost_under_a_running_server_is_named(own_copy: Path, layout: Layout) -> None:
    start(own_copy, durable=False)
    layout.password.unlink()
    with pytest.raises(EmbeddedDatabaseError, match="is gone while the database runs"):
        start(own_copy, name="second", durable=False)


def test_password_of_another_database_is_named(own_copy: Path, layout: Layout) -> None:
    layout.password.write_text("of-another-database")
    with pytest.raises(EmbeddedDatabaseError, match="put it back from a backup"):
        start(own_copy, durable=False)
    assert release(own_copy)


def test_failing_statement_leaves_no_data_in_the_log(data_folder: Path, layout: Layout) -> None:
    database = start(data_folder, durable=False)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE people (email text UNIQUE)")
        connection.execute("INSERT INTO people VALUES ('ada@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES ('ada@example.com')")
    release(data_folder)
    log = "".join(path.read_text() for path in (layout.cluster / "log").iterdir())
    assert "duplicate key value" in log
    assert "ada@example.com" not in log
