"""The program as an installation starts it: a process of its own with a production environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nexa.supervisor.single import LOCK_FILE, only_one

PROJECT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SECRET_KEY": "z9-Kq3vT7wYb2NcR5xMd8PfL1hGj4SaU6eWiOoXyZ0pQrStUvB",
    "NEXA_ENCRYPTION_KEYS": "Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=",
    "ALLOWED_HOSTS": "crm.example",
    "NEXA_BASE_URL": "https://crm.example",
    "EMAIL_HOST": "mail.example",
    "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
}


@pytest.fixture
def manage(tmp_path):
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env={**clean, "NEXA_DATA_DIR": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def test_deploy_check_is_clean_with_production_settings(manage) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_deploy_check_names_a_sandbox_left_on(manage) -> None:
    done = manage("check", "--deploy", **PRODUCTION, NEXA_SANDBOX_URL="http://127.0.0.1:8100")

    assert done.returncode == 1
    assert "nexa.E010" in done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "NEXA_ENCRYPTION_KEYS"])
def test_start_without_a_secret_is_refused_by_its_name(manage, name) -> None:
    environment = {key: value for key, value in PRODUCTION.items() if key != name}

    done = manage("check", **environment)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"{name} is not set" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "abc", "SECRET_KEY is too short"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS is not set"),
        ("NEXA_SYNC_RECONCILE_HOUR", "99", "NEXA_SYNC_RECONCILE_HOUR must be at most 23"),
    ],
)
def test_start_with_an_unusable_setting_is_refused_in_words(manage, name, value, said) -> None:
    done = manage("check", **{**PRODUCTION, name: value})

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_start_shows_no_secret_in_what_it_refuses(manage) -> None:
    done = manage("check", **{**PRODUCTION, "DATABASE_URL": "mysql://u:hunter2@h/d"})

    assert done.returncode == 2
    assert "DATABASE_URL must start with" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_demo_makes_its_own_secrets_and_keeps_them(manage, tmp_path) -> None:
    first = manage(
        "shell", "-c", "from django.conf import settings as s; print(s.SECRET_KEY)", NEXA_DEMO="1"
    )
    again = manage(
        "shell", "-c", "from django.conf import settings as s; print(s.SECRET_KEY)", NEXA_DEMO="1"
    )

    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


SANDBOX_ASKED = "from django.conf import settings as s; print(f'<{s.NEXA_SANDBOX_URL}>')"


def test_operators_command_on_a_running_demo_finds_its_sandbox(manage, tmp_path) -> None:
    with only_one(tmp_path / LOCK_FILE, address="http://127.0.0.1:1", sandbox="http://127.0.0.1:9"):
        running = manage("shell", "-c", SANDBOX_ASKED, NEXA_DEMO="1")
    stopped = manage("shell", "-c", SANDBOX_ASKED, NEXA_DEMO="1")

    assert "<http://127.0.0.1:9>" in running.stdout, running.stderr
    assert "<>" in stopped.stdout, stopped.stderr


def test_real_installation_takes_no_sandbox_from_its_data_folder(manage, tmp_path) -> None:
    with only_one(tmp_path / LOCK_FILE, address="http://127.0.0.1:1", sandbox="http://127.0.0.1:9"):
        done = manage("shell", "-c", SANDBOX_ASKED, **PRODUCTION)

    assert "<>" in done.stdout, done.stderr


def test_command_without_tables_says_what_to_run(manage) -> None:
    done = manage("rotate_keys", **PRODUCTION)

    assert done.returncode == 2
    assert "no tables yet" in done.stderr
    assert "Traceback" not in done.stderr
