"""`manage.py import`: the same engine, its report and its exit code."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from crm.models import Contact, User, Workspace
from imports.engine import Action
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


def test_dry_run_says_that_its_check_is_kept_and_an_import_does_not(
    tmp_path: Path, workspace: Workspace
) -> None:
    checked = run(tmp_path, workspace, csv_bytes(*people(2)), "--dry-run")
    done = run(tmp_path, workspace, csv_bytes(*people(2)))

    assert f"kept as number {checked['job']} under Imports" in checked["left"]
    assert done["left"] == ""


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
    assert report["result"] == "1 row has an error; the others were imported."
    assert sum(report["counts"][action.value] for action in Action) == report["rows"]


def test_a_dry_run_says_in_words_what_its_exit_code_means(
    tmp_path: Path, workspace: Workspace
) -> None:
    bad = run(tmp_path, workspace, csv_bytes(*people(2), "X,Y,bad,,,"), "--dry-run")
    # Two of one person are no error.
    good = run(tmp_path, workspace, csv_bytes(*people(2), *people(1)), "--dry-run")

    assert (bad["exit"], bad["status"]) == (1, "ready")
    assert bad["result"] == "1 row has an error and would be left out; nothing written."
    assert (good["exit"], good["result"]) == (0, "No row has an error; nothing written.")
    assert good["counts"]["folded"] == 1


def test_errors_under_the_strict_policy_import_nothing(
    tmp_path: Path, workspace: Workspace
) -> None:
    content = csv_bytes(*people(2), "X,Y,bad,,,")

    report = run(tmp_path, workspace, content, "--errors", "stop")

    assert (report["exit"], report["result"]) == (1, "1 row has an error, so nothing is imported.")
    assert not Contact.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_queue_logs_nothing_beside_the_report(tmp_path: Path, workspace: Workspace) -> None:
    logged: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = logged.append  # type: ignore[method-assign]
    logger = logging.getLogger("django-q")
    logger.addHandler(handler)
    try:
        run(tmp_path, workspace, csv_bytes(*people(2)), "--dry-run")
    finally:
        logger.removeHandler(handler)

    assert [record.getMessage() for record in logged] == []


def test_an_unreadable_file_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    report = run(tmp_path, workspace, b"PK\x03\x04zip")

    assert (report["exit"], report["status"]) == (2, "refused")


def test_a_file_that_breaks_in_its_middle_is_unusable(tmp_path: Path, workspace: Workspace) -> None:
    report = run(tmp_path, workspace, csv_bytes(*people(2), 'A,"never closed,,,,'), "--dry-run")

    assert (report["exit"], report["status"]) == (2, "failed")
    assert "never closed" in report["result"]


def test_an_unknown_workspace_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(csv_bytes(*people(1)))

    with pytest.raises(CommandError, match="no workspace") as refused:
        call_command("import", str(path), "--workspace", "nowhere")
    assert refused.value.returncode == 2


def test_a_missing_file_is_refused_in_words(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "nofile.csv"

    with pytest.raises(CommandError) as refused:
        call_command("import", str(path), "--workspace", workspace.slug)

    assert str(refused.value) == f"{path} cannot be used: No such file or directory."
    assert refused.value.returncode == 2


def test_a_missing_file_is_refused_as_json(tmp_path: Path, workspace: Workspace) -> None:
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command(
            "import", str(tmp_path / "no.csv"), "--workspace", workspace.slug, "--json", stdout=out
        )

    assert ended.value.code == 2
    assert json.loads(out.getvalue())["status"] == "refused"
