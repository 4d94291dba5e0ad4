"""`make run` as an installation for real starts it: production settings, real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from nexa.configuration import SECRETS_FILE
from nexa.demo.logins import LOGINS_FILE
from nexa.embedded.throwaway import throwaway_folder
from nexa.serve.folders import MARK, demo_folder_take, installation_folder_take, is_demos
from nexa.serve.installation import data_folder
from nexa.supervisor import SupervisorError
from nexa.supervisor.ports import port_anywhere

PROJECT = Path(__file__).resolve().parents[3]
PRODUCTION = {
    "SECRET_KEY": "z9-Kq3vT7wYb2NcR5xMd8PfL1hGj4SaU6eWiOoXyZ0pQrStUvB",
    "NEXA_ENCRYPTION_KEYS": "Zm9yLXRlc3RzLW9ubHktZm9yLXRlc3RzLW9ubHktMDE=",
    "ALLOWED_HOSTS": "crm.example",
    "NEXA_BASE_URL": "https://crm.example",
    "EMAIL_HOST": "mail.example",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with throwaway_folder("nexa-tests-run-") as made:
        yield made


def _run(folder: Path, port: int, **environment: str) -> subprocess.Popen[str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-u", "manage.py", "run", "--port", str(port)],
        cwd=PROJECT,
        env={
            **clean,
            "NEXA_DATA_DIR": str(folder),
            "NEXA_STATIC_ROOT": str(folder / "static"),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.long(80)
@pytest.mark.cluster
def test_installation_serves_under_its_own_host_and_stops(folder) -> None:
    port = port_anywhere()
    process = _run(folder, port, **PRODUCTION)
    said = ""
    for line in process.stdout:
        said += line
        if "Serving on" in line:
            break
    try:
        assert "Serving on" in said, said
        url = f"http://127.0.0.1:{port}"
        own = {"Host": "crm.example"}
        assert requests.get(f"{url}/healthz", headers=own, timeout=30).status_code == 200
        assert requests.get(f"{url}/healthz", timeout=30).status_code == 400
        page = requests.get(f"{url}/", headers=own, timeout=30, allow_redirects=False)
        assert page.status_code == 301
        assert page.headers["Location"].startswith("https://crm.example/")
        _styles_are_served(url, {**own, "X-Forwarded-Proto": "https"})
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)

    assert process.returncode == 0


def _styles_are_served(url: str, headers: dict[str, str]) -> None:
    """What pages name is hashed and compressed; error pages name the plain one."""
    page = requests.get(f"{url}/accounts/login/", headers=headers, timeout=30)
    named = re.findall(r'href="(/static/css/nexa\.\w+\.css)"', page.text)
    assert named, page.text
    for path, encoding in ((named[0], "br"), ("/static/css/nexa.css", None)):
        asked = {**headers, "Accept-Encoding": "br"}
        answer = requests.get(url + path, headers=asked, timeout=30, stream=True)
        assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, encoding)


@pytest.mark.cluster
def test_installation_without_settings_is_told_what_is_missing(folder) -> None:
    process = _run(folder, port_anywhere())

    said, _ = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "SECRET_KEY is not set" in said


def test_database_of_a_demo_is_refused_with_its_marks_and_what_has_to_move(folder) -> None:
    demo_folder_take(folder)
    (folder / "postgresql" / "cluster").mkdir(parents=True)

    process = _run(folder, port_anywhere(), **PRODUCTION)
    said, _ = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "was made by a demo" in said
    assert str(folder / MARK) in said
    assert "NEXA_DATA_DIR" in said
    assert str(folder / "files") in said
    assert is_demos(folder)


def test_database_of_ones_own_is_used_from_a_folder_that_a_demo_has_made(folder) -> None:
    demo_folder_take(folder)
    (folder / "postgresql" / "cluster").mkdir(parents=True)
    own = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/unused"}

    process = _run(folder, port_anywhere(), **PRODUCTION, **own)
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)

    assert "Preparing files and database" in first


def test_folder_whose_demo_is_gone_becomes_the_installations(tmp_path) -> None:
    """Also at the next start, when its own database is there; and for good."""
    demo_folder_take(tmp_path)
    for name in (LOGINS_FILE, SECRETS_FILE):
        (tmp_path / name).touch()

    installation_folder_take(tmp_path)
    (tmp_path / "postgresql" / "cluster").mkdir(parents=True)
    installation_folder_take(tmp_path)

    assert not is_demos(tmp_path)
    with pytest.raises(SupervisorError, match="installation of your own"):
        demo_folder_take(tmp_path)


@pytest.mark.parametrize("name", [LOGINS_FILE, SECRETS_FILE])
def test_demo_keeps_a_folder_it_made_before_folders_were_marked(tmp_path, name) -> None:
    (tmp_path / "postgresql" / "cluster").mkdir(parents=True)
    (tmp_path / name).touch()

    demo_folder_take(tmp_path)

    assert is_demos(tmp_path)


def test_demo_does_not_take_over_the_folder_of_an_installation(tmp_path) -> None:
    (tmp_path / "postgresql" / "cluster").mkdir(parents=True)

    with pytest.raises(SupervisorError, match="NEXA_DATA_DIR"):
        demo_folder_take(tmp_path)

    assert not is_demos(tmp_path)
    installation_folder_take(tmp_path)


def test_data_folder_is_the_one_that_settings_read(tmp_path) -> None:
    assert data_folder({"NEXA_DATA_DIR": f" {tmp_path} "}) == tmp_path.resolve()
    assert data_folder({}).is_absolute()
