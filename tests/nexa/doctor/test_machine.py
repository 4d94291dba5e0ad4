from __future__ import annotations

from pathlib import Path

import pytest

from nexa.doctor import machine


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["Django>=5", "psycopg[binary]>=3"]\n', encoding="utf-8"
    )
    return tmp_path


def _lock(project: Path, django: str, psycopg: str) -> None:
    text = f"django=={django} \\\n    --hash=sha256:0\npsycopg=={psycopg} \\\n    --hash=sha256:0\n"
    (project / "requirements.lock").write_text(text, encoding="utf-8")


def test_python_of_this_run_is_well() -> None:
    assert machine.python_found().is_well


def test_packages_of_this_environment_are_those_of_the_lock() -> None:
    found = machine.packages_found()

    assert found.is_well, found.said


def test_package_in_another_version_is_named(project) -> None:
    _lock(project, "1.0", "2.0")

    found = machine.packages_found(project)

    assert "django is" in found.said
    assert "tested is 1.0" in found.said
    assert found.mend == "Run make environment."


def test_package_that_is_missing_is_named(project) -> None:
    (project / "pyproject.toml").write_text(
        '[project]\ndependencies = ["no-such-thing>=1"]\n', encoding="utf-8"
    )
    _lock(project, "1.0", "2.0")

    assert "no-such-thing is not installed" in machine.packages_found(project).said


def test_lock_that_is_missing_is_told(project) -> None:
    assert not machine.packages_found(project).is_well


def test_disk_is_looked_at_where_the_folder_will_be(tmp_path) -> None:
    assert str(tmp_path) in machine.disk_found(tmp_path / "not" / "yet").said
