from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nexa.bench.database import database_url
from nexa.bench.result import BenchResult
from nexa.configuration import database_settings

PROJECT = Path(__file__).resolve().parents[3]


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.nexa.bench.command", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.long(40)
@pytest.mark.cluster
def test_webhooks_bench_measures_both_sides_and_ends_with_json() -> None:
    done = _bench("webhooks", "--rows", "80")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["bench"] == "webhooks"
    assert found["size"] == 80
    assert found["ours_per_s"] > 0
    assert found["ratio_to_floor"] == pytest.approx(
        found["ours_per_s"] / found["floor_per_s"], abs=0.01
    )


@pytest.mark.long(45)
@pytest.mark.cluster
def test_jobs_bench_measures_both_queues_and_ends_with_json() -> None:
    done = _bench("jobs", "--rows", "400", "--json")

    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert (found["bench"], found["size"]) == ("jobs", 400)
    assert found["ours_per_s"] > 0
    assert found["details"]["processes"] == 2
    assert found["details"]["floor_one_at_a_time_per_s"] > 0


@pytest.mark.long(40)
@pytest.mark.cluster
def test_sync_bench_counts_requests_and_ends_with_json() -> None:
    done = _bench("sync", "--records", "250")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["bench"], found["size"]) == ("sync", 250)
    assert found["ours_per_s"] > 0
    # Three pages of a hundred, and one of the archived.
    assert found["details"]["first_pull_requests"] == 4
    assert found["details"]["second_pull_requests"] == 1
    assert (found["details"]["pushed"], found["details"]["push_requests"]) == (250, 3)


def test_bench_of_no_rows_is_refused() -> None:
    assert "--rows must be at least 1" in _bench("webhooks", "--rows", "0").stderr


def test_result_prints_the_form_that_every_bench_has() -> None:
    result = BenchResult("x", 10, 50.0, 100.0, {"peer": 25.0}, 1.25, {"k": "v"})

    assert json.loads(result.as_json()) == {
        "bench": "x",
        "size": 10,
        "ours_per_s": 50.0,
        "floor_per_s": 100.0,
        "ratio_to_floor": 0.5,
        "peers": {"peer": {"per_s": 25.0, "ratio": 2.0}},
        "memory_growth_mb": 1.2,
        "details": {"k": "v"},
    }


@pytest.mark.parametrize("host", ["db.example", "/run/a folder/pg"])
def test_database_url_says_what_settings_read(host) -> None:
    address = {"USER": "u@x", "PASSWORD": "p:/w", "HOST": host, "PORT": "5433", "NAME": "n"}

    found = database_settings(database_url(address), data_folder=Path("/x"))

    assert {name: found[name] for name in address} == address
