"""`manage.py import`: the same engine, its report and its exit code."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from crm.models import Contact, User, Workspace
from tests.imports.conftest import csv_bytes, people

pytestmark = pytest.mark.django_db


def run(tmp_path: Path, workspace: Workspace, content: bytes, *options: str) -> dict[str, Any]:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    out = io.StringIO()
    try:
        call_command(
            "import", str(path), "--workspace", workspace.slug, "--json", *options, stdout=out
        )
    except SystemExit as ended:
        return {**json.loads(out.getvalue()), "exit": ended.code}
    return {**json.loads(out.getvalue()), "exit": 0}


def test_import_writes_and_reports(tmp_path: Path, workspace: Workspace) -> None:
    report = run(tmp_path, workspace, csv_bytes(*people(4)))

    assert (report["exit"], report["status"], report["rows"]) == (0, "completed", 4)
    assert report["counts"]["created"] == Contact.objects.count() == 4


def test_dry_run_writes_nothing(tmp_path: Path, workspace: Workspace) -> None:
    report = run(tmp_path, workspace, csv_bytes(*people(4)), "--dry-run")

    assert (report["exit"], report["status"]) == (0, "ready")
    assert report["counts"]["created"] == 4
    assert not Contact.objects.exists()


@pytest.mark.parametrize(("options", "is_owned"), [((), True), (("--owner", "nobody"), False)])
def test_new_records_belong_to_the_user_named(
    tmp_path: Path, workspace: Workspace, manager: User, options: tuple[str, ...], is_owned: bool
) -> None:
    run(tmp_path, workspace, csv_bytes(*people(1)), "--user", manager.email, *options)

    assert Contact.objects.get().owner == (manager if is_owned else None)


def test_bad_rows_give_exit_code_one_and_their_causes(tmp_path: Path, workspace: Workspace) -> None:
    report = run(tmp_path, workspace, csv_bytes(*people(2), "X,Y,bad,,,"))

    assert (report["exit"], report["counts"]["created"], report["counts"]["failed"]) == (1, 2, 1)
    assert report["causes"][0]["rows"] == [4]


def test_an_unreadable_file_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    report = run(tmp_path, workspace, b"PK\x03\x04zip")

    assert (report["exit"], report["status"]) == (1, "refused")


def test_an_unknown_workspace_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(csv_bytes(*people(1)))

    with pytest.raises(CommandError, match="no workspace"):
        call_command("import", str(path), "--workspace", "nowhere")
