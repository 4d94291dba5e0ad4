from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from nexa.configuration import (
    cluster_settings,
    database_settings,
    growing_folders,
    local_secret,
    shortest_retry_seconds,
)


def test_database_settings_read_every_part_of_the_url() -> None:
    found = database_settings(
        "postgres://us%40er:p%3Aw@db.example:6432/sales?sslmode=require", data_folder=Path("/x")
    )

    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["USER"], found["PASSWORD"]) == ("us@er", "p:w")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "6432", "sales")
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_folders_that_grow_are_those_of_this_machine() -> None:
    database, files = Path("/data"), Path("/data/files")

    assert growing_folders(embedded=database, uploads=files) == [database, files]
    assert growing_folders(embedded=None, uploads=files) == [files]
    assert growing_folders(embedded=None, uploads=None) == []


def test_database_settings_read_a_socket_folder() -> None:
    found = database_settings("postgresql://u:p@/db?host=/run/pg&port=5433", data_folder=Path("/x"))

    assert (found["HOST"], found["PORT"]) == ("/run/pg", "5433")
    assert found["OPTIONS"] == {}


def test_database_settings_without_a_url_name_the_embedded_server() -> None:
    found = database_settings("", data_folder=Path("/data"))

    assert found["ENGINE"] == "nexa.embedded.backend"
    assert found["DATA_FOLDER"] == Path("/data")


def test_database_settings_need_a_database_name() -> None:
    with pytest.raises(ImproperlyConfigured, match="names no database"):
        database_settings("postgres://u:p@host", data_folder=Path("/x"))


@pytest.mark.parametrize("workers", [1, 2, 4, 16])
def test_cluster_never_hands_out_a_task_that_may_still_run(workers) -> None:
    found = cluster_settings(workers=workers, redis="")

    assert found["retry"] > shortest_retry_seconds(workers, found["queue_limit"], found["bulk"])


def test_cluster_uses_redis_when_there_is_one() -> None:
    assert cluster_settings(workers=2, redis="")["orm"] == "default"
    assert cluster_settings(workers=2, redis="redis://r:6379/0")["redis"] == "redis://r:6379/0"


def test_local_secret_is_made_once_and_readable_by_its_user_only(tmp_path) -> None:
    first = local_secret(tmp_path / "data")

    assert local_secret(tmp_path / "data") == first
    assert (tmp_path / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_local_secret_of_processes_that_start_at_once_is_one(tmp_path) -> None:
    found: list[dict[str, str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(local_secret(tmp_path))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert all(secret == found[0] for secret in found)


def test_local_secret_that_cannot_be_read_is_told_with_what_it_means(tmp_path) -> None:
    (tmp_path / "secrets.json").write_text("{", encoding="utf-8")

    with pytest.raises(ImproperlyConfigured, match="cannot be decrypted"):
        local_secret(tmp_path)
