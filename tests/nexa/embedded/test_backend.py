"""Django's door: the server starts with the first connection, not before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nexa.embedded.paths import Layout
from tests.nexa.embedded.conftest import PROJECT, server_of

PROGRAM = """
import sys
from pathlib import Path
import django
from django.conf import settings
settings.configure(DATABASES={"default": {
    "ENGINE": "nexa.embedded.backend", "NAME": "nexa", "DATA_FOLDER": Path(sys.argv[1])}})
django.setup()
from django.core.management import call_command
from django.db import DatabaseError, connection
if sys.argv[2] == "query":
    pid = Path(sys.argv[1], "postgresql", "cluster", "postmaster.pid")
    assert not pid.exists(), "started too early"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 6 * 7")
        print(cursor.fetchone()[0])
    assert pid.exists()
elif sys.argv[2] == "test-database":
    print(connection.creation.create_test_db(verbosity=0))
    connection.creation.destroy_test_db("nexa", verbosity=0)
elif sys.argv[2] == "shell":
    call_command("dbshell", "--", "-Atc", "SELECT 6 * 7")
else:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        print(error)
"""


def ran(data_folder: Path, what: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(data_folder), what],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_backend_starts_the_server_for_its_first_connection(
    data_folder: Path, layout: Layout
) -> None:
    assert ran(data_folder, "query") == "42\n"
    assert server_of(layout) is None


def test_backend_makes_test_databases(data_folder: Path) -> None:
    assert ran(data_folder, "test-database") == "test_nexa\n"


def test_backend_opens_the_shell_that_comes_with_the_server(data_folder: Path) -> None:
    assert ran(data_folder, "shell") == "42\n"


def test_backend_reports_a_server_that_cannot_start_as_a_database_error(folder: Path) -> None:
    (folder / "file").touch()
    assert "NEXA_DATA_DIR" in ran(folder / "file" / "data", "fail")
