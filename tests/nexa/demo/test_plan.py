from __future__ import annotations

from pathlib import Path

from nexa.demo.plan import DemoPlan

PLAN = DemoPlan(Path("/data"), 8001, 8101)


def test_demo_takes_no_setting_of_a_real_installation() -> None:
    inherited = {
        "PATH": "/bin",
        "DATABASE_URL": "postgres://real",
        "SECRET_KEY": "real",
        "NEXA_S3_BUCKET": "real",
        "EMAIL_HOST": "real",
        "DEBUG": "1",
        "NEXA_LOG_LEVEL": "DEBUG",
    }

    found = PLAN.environment(inherited)

    assert "real" not in " ".join(found.values())
    assert "DEBUG" not in found
    assert found["PATH"] == "/bin"
    assert found["NEXA_LOG_LEVEL"] == "DEBUG"


def test_demo_tells_its_processes_where_everything_is() -> None:
    found = PLAN.environment({})

    assert found["NEXA_DEMO"] == "1"
    assert found["NEXA_DATA_DIR"] == "/data"
    assert found["NEXA_BASE_URL"] == "http://127.0.0.1:8001"
    assert found["NEXA_SANDBOX_URL"] == "http://127.0.0.1:8101"


def test_demo_listens_on_the_loopback_address_only() -> None:
    assert "127.0.0.1:8001" in PLAN.web().command
    assert "127.0.0.1" in PLAN.sandbox().command


def test_sandbox_of_a_demo_keeps_its_data_with_the_demo() -> None:
    assert "/data/sandbox.sqlite3" in PLAN.sandbox().command
