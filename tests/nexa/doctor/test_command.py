"""The doctor as people call it: a process of its own, whatever the settings are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
INSTALLATION = {
    "SECRET_KEY": "hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-0123",
    "ALLOWED_HOSTS": "crm.example",
    "NEXA_ENCRYPTION_KEYS": "Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=",
}


@pytest.fixture
def doctor(tmp_path):
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "manage.py", "doctor", *arguments],
            cwd=PROJECT,
            env={**clean, "NEXA_DATA_DIR": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def test_doctor_runs_without_any_setting_and_names_what_is_missing(doctor) -> None:
    done = doctor()

    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stdout
    assert "->" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_doctor_runs_with_a_setting_that_is_wrong(doctor) -> None:
    done = doctor("--json", NEXA_DEMO="1", NEXA_WORKERS="many")

    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert not found["ok"]
    assert any("NEXA_WORKERS must be a whole number" in part["said"] for part in found["parts"])


def test_doctor_looks_at_every_part_and_tells_what_to_do(doctor) -> None:
    done = doctor(
        "--json",
        **INSTALLATION,
        DATABASE_URL="postgres://nexa:hunter2@127.0.0.1:1/nexa",
        NEXA_SANDBOX_URL="http://127.0.0.1:8100",
    )

    parts = {part["part"]: part for part in json.loads(done.stdout)["parts"]}
    assert done.returncode == 1
    assert {name for name, part in parts.items() if not part["ok"]} >= {
        *("Address", "Database", "Migrations", "Workers", "E-mail", "Checks"),
    }
    assert parts["Encryption keys"]["ok"]
    assert all(part["mend"] for part in parts.values() if not part["ok"])
    assert "hunter2" not in done.stdout + done.stderr


def test_demo_that_was_never_made_is_one_thing_to_mend(doctor) -> None:
    done = doctor("--json", NEXA_DEMO="1")

    wrong = [one for one in json.loads(done.stdout)["parts"] if not one["ok"]]
    assert [(one["part"], one["mend"]) for one in wrong] == [("Demo", "Run make demo.")]


def test_each_check_is_a_line_with_its_own_advice(doctor) -> None:
    done = doctor("--json", **INSTALLATION, DATABASE_URL="postgres://nexa@127.0.0.1:1/nexa")

    checks = [one for one in json.loads(done.stdout)["parts"] if one["part"] == "Checks"]
    (plain,) = (one for one in checks if "security.W" in one["said"])
    assert "NEXA_BASE_URL" in plain["mend"]
    assert all(one["mend"] for one in checks)
    assert [one["mend"] for one in checks if "EMAIL_HOST" in one["said"]] != [plain["mend"]]
