"""The same from an ordinary account, and from root whose programs lie behind a closed door."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from nexa.embedded.binaries import PACKAGE, psql
from nexa.embedded.paths import Layout
from tests.nexa.embedded.conftest import Another, asked, server_of

Make = Callable[..., Another]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def closed_site(tmp_path: Path) -> Path:
    """The wheel in a folder that nobody but root may enter."""
    installed = psql().parents[3]
    site = tmp_path / "closed"
    site.mkdir(mode=0o700)
    for name in (PACKAGE, f"{PACKAGE}.libs"):
        shutil.copytree(
            installed / name, site / name, ignore=shutil.ignore_patterns("pginstall", "include")
        )
    return site


def test_ordinary_account_runs_its_own_server(folder: Path, another: Make) -> None:
    home = folder / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    user = another(home / "data", account="nobody")
    database = user.told("start")
    assert asked(database["url"], "SELECT 1") == 1
    owners = {path.stat().st_uid for path in (home / "data").rglob("*")}
    assert owners == {pwd.getpwnam("nobody").pw_uid}
    assert (home / "data").stat().st_mode & 0o777 == 0o700
    assert user.ended() == 0
    assert not list((home / "data" / "postgresql").glob("cluster/postmaster.pid"))


def test_cluster_keeps_the_account_that_made_it(
    own_copy: Path, layout: Layout, another: Make
) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    (layout.home / "run").rmdir()
    for path in (layout.cluster, *layout.cluster.rglob("*")):
        os.lchown(path, nobody, -1)
    assert asked(another(own_copy).told("start")["url"], "SELECT 1") == 1
    server = server_of(layout)
    assert server
    assert psutil.Process(server).uids().real == nobody


def test_cluster_of_root_is_named(own_copy: Path, layout: Layout, another: Make) -> None:
    os.chown(layout.cluster, 0, 0)
    assert "chown -R" in another(own_copy).told("start")["error"]


def test_programs_out_of_reach_are_copied_once(
    own_copy: Path, layout: Layout, another: Make, closed_site: Path
) -> None:
    first = another(own_copy, PYTHONPATH=str(closed_site))
    assert asked(first.told("start")["url"], "SELECT 1") == 1
    server = server_of(layout)
    assert server
    program = Path(psutil.Process(server).exe())
    assert program.is_relative_to(layout.binaries)
    made = program.stat().st_ctime_ns
    first.ended()
    second = another(own_copy, PYTHONPATH=str(closed_site))
    second.told("start")
    assert program.stat().st_ctime_ns == made
    assert closed_site.stat().st_mode & 0o777 == 0o700


def test_programs_within_reach_are_not_copied(
    data_folder: Path, layout: Layout, another: Make
) -> None:
    user = another(data_folder)
    user.told("start")
    assert not layout.binaries.exists()
