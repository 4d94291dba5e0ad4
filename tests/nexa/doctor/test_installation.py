from __future__ import annotations

import os

import pytest
from cryptography.fernet import Fernet
from django.core import checks
from django.core.checks.registry import registry
from django.db import connection

from integrations.hub import watchdog
from integrations.hub.models import Connection
from nexa.doctor import database, disks, engine, keys, serving
from nexa.doctor.checks import settings_found

pytestmark = pytest.mark.django_db

HASHED = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}


@pytest.fixture
def stored(workspace, settings) -> Connection:
    settings.NEXA_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    provider = settings.PROVIDERS[0]
    return Connection.objects.create(
        workspace=workspace, provider=provider, name="One", credentials={"api_key": "hunter2"}
    )


def test_database_tells_its_version() -> None:
    found = database.database_found()

    assert found.is_well
    assert "version" in found.said


def test_migrations_are_all_applied() -> None:
    assert database.migrations_found().is_well


def test_migration_that_is_missing_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'imports'")

    found = database.migrations_found()

    assert "imports.0001" in found.said
    assert "migrate" in found.mend


def test_advice_in_a_demo_names_its_own_command(settings, tmp_path) -> None:
    settings.DEMO, settings.STATIC_ROOT = True, str(tmp_path)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": HASHED}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'imports'")

    found = database.migrations_found(), serving.assets_found(), engine.cluster_found()

    assert {one.mend for one in found} == {"Run make demo."}


def test_credentials_open_with_the_present_key(stored) -> None:
    assert keys.credentials_found().said == "1 readable"


def test_credentials_open_with_an_old_key_behind_a_new_one(stored, settings) -> None:
    settings.NEXA_ENCRYPTION_KEYS = [
        Fernet.generate_key().decode(),
        *settings.NEXA_ENCRYPTION_KEYS,
    ]

    assert keys.credentials_found().is_well


def test_credentials_that_no_key_opens_are_named_and_not_shown(stored, settings) -> None:
    settings.NEXA_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    found = keys.credentials_found()

    assert found.said == "1 of 1 cannot be decrypted: One"
    assert "hunter2" not in str(found)


def test_key_that_is_none_is_told_without_showing_it(settings) -> None:
    settings.NEXA_ENCRYPTION_KEYS = ["hunter2"]

    found = keys.keys_found()

    assert not found.is_well
    assert "hunter2" not in str(found)


def test_workers_that_never_showed_life_are_told() -> None:
    found = engine.cluster_found()

    assert found.said == "no sign of life yet"
    assert "qcluster" in found.mend


def test_workers_that_work_are_well() -> None:
    watchdog.beat("pump")

    assert engine.cluster_found().is_well


def test_disk_that_is_nearly_full_is_told_with_what_follows(settings, tmp_path) -> None:
    settings.GROWING_FOLDERS, settings.DISK_RESERVE_BYTES = [tmp_path], 2**60

    (found,) = disks.disks_found()

    assert "pulls wait" in found.said
    assert "NEXA_DISK_RESERVE_BYTES" in found.mend


def test_disk_of_the_data_is_looked_at_where_nothing_grows_here(settings, tmp_path) -> None:
    settings.GROWING_FOLDERS, settings.DATA_FOLDER = [], tmp_path

    (found,) = disks.disks_found()

    assert f"free in {tmp_path}" in found.said


def test_storage_is_tried_and_left_clean(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }

    assert serving.storage_found().is_well
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_storage_that_cannot_be_written_is_told(settings, tmp_path) -> None:
    blocked = tmp_path / "a file, no folder"
    blocked.touch()
    settings.MEDIA_ROOT = blocked
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": blocked},
        },
    }

    found = serving.storage_found()

    assert "cannot be used" in found.said


def test_mail_that_is_not_set_is_told_in_production(settings) -> None:
    settings.EMAIL_HOST, settings.DEMO, settings.DEBUG = "", False, False

    assert not serving.mail_found().is_well


def test_mail_server_that_does_not_answer_is_told(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    found = serving.mail_found()

    assert "127.0.0.1:1 does not let us in" in found.said


def test_sandbox_left_on_in_production_is_told(settings) -> None:
    settings.DEMO, settings.DEBUG = False, False
    settings.NEXA_SANDBOX_URL = "http://127.0.0.1:8100"

    assert "no call reaches a vendor" in serving.address_found().said


def test_cache_without_redis_is_well() -> None:
    assert serving.cache_found().is_well


def test_cache_that_does_not_answer_is_told(settings) -> None:
    address = "redis://:hunter2@127.0.0.1:1/0"
    settings.NEXA_REDIS_URL = address
    settings.CACHES = {
        **settings.CACHES,
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": address,
        },
    }

    found = serving.cache_found()

    assert "does not answer" in found.said
    assert "hunter2" not in str(found)


def test_static_files_that_were_not_collected_are_told(settings, tmp_path) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": HASHED}

    found = serving.assets_found()

    assert not found.is_well
    assert "manage.py" in found.mend
    assert os.environ["SECRET_KEY"] not in found.said


def test_checks_beyond_what_is_shown_are_counted() -> None:
    said = [checks.Warning(f"Trouble {number}.", id=f"test.W{number:03}") for number in range(30)]

    def many(**_: object) -> list[checks.CheckMessage]:
        return list(said)

    registry.register(many, "hub")
    try:
        found = settings_found()
    finally:
        registry.registered_checks.discard(many)

    lines = [one.said for one in found if one.said.startswith("test.W")]
    more = int(found[-1].said.removesuffix(" more"))
    assert len(lines) < len(said)
    assert len(lines) + more >= len(said)
    assert found[-1].mend == "See manage.py check --deploy."
