from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from integrations.hub import watchdog
from integrations.hub.models import HubHeartbeat
from nexa import readiness


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture(autouse=True)
def migrations_looked_at_anew():
    readiness.migrations.forget()
    yield
    readiness.migrations.forget()


def test_alive_touches_no_database(client) -> None:
    response = client.get(reverse("healthz"))

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-cache" in response["Cache-Control"]


def test_alive_takes_no_post(client) -> None:
    assert client.post(reverse("healthz")).status_code == 405


@pytest.mark.django_db
def test_ready_when_database_migrations_and_cluster_are_well(client) -> None:
    watchdog.beat("pump")

    response = client.get(reverse("readyz"))

    assert response.status_code == 200
    assert {name: part["ok"] for name, part in response.json()["checks"].items()} == {
        "database": True,
        "migrations": True,
        "cluster": True,
        "disk": True,
    }


@pytest.mark.django_db
def test_ready_says_that_the_disk_is_nearly_full_and_not_where(client, settings, tmp_path) -> None:
    settings.GROWING_FOLDERS, settings.DISK_RESERVE_BYTES = [tmp_path], 2**60
    watchdog.beat("pump")

    response = client.get(reverse("readyz"))

    assert response.status_code == 200
    assert response.json()["checks"]["disk"]["detail"].startswith("nearly full: web-hooks are")
    assert str(tmp_path) not in response.content.decode()


@pytest.mark.django_db
def test_not_ready_before_a_cluster_showed_life(client) -> None:
    response = client.get(reverse("readyz"))

    assert response.status_code == 503
    assert response.json()["checks"]["cluster"] == {"ok": False, "detail": "no sign of life yet"}


@pytest.mark.django_db
def test_not_ready_when_the_heartbeat_is_stale(client) -> None:
    watchdog.beat("pump")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hub_hubheartbeat SET at = at - interval '200 seconds'")

    response = client.get(reverse("readyz"))

    assert response.status_code == 503
    assert "last sign of life 200 s ago" in response.json()["checks"]["cluster"]["detail"]


@pytest.mark.django_db
def test_not_ready_when_a_migration_is_missing(client) -> None:
    watchdog.beat("pump")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'imports'")

    response = client.get(reverse("readyz"))

    assert response.status_code == 503
    assert not response.json()["checks"]["migrations"]["ok"]


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_a_database(client) -> None:
    connection.close()
    before = connection.settings_dict["PASSWORD"], connection.settings_dict["HOST"]
    connection.settings_dict["PASSWORD"] = "a-wrong-password"
    connection.settings_dict["HOST"] = "127.0.0.1"
    connection.settings_dict["PORT"], port = "1", connection.settings_dict["PORT"]
    try:
        response = client.get(reverse("readyz"))
    finally:
        connection.close()
        connection.settings_dict["PASSWORD"], connection.settings_dict["HOST"] = before
        connection.settings_dict["PORT"] = port

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == {"ok": False, "detail": "cannot be reached"}
    assert b"a-wrong-password" not in response.content


@pytest.mark.django_db
def test_ready_remembers_that_migrations_are_applied(client, django_assert_max_num_queries) -> None:
    watchdog.beat("pump")
    client.get(reverse("readyz"))

    with django_assert_max_num_queries(2):
        assert client.get(reverse("readyz")).status_code == 200


@pytest.mark.django_db
def test_ready_names_no_process(client) -> None:
    watchdog.beat("pump")

    content = client.get(reverse("readyz")).content.decode()

    assert HubHeartbeat.objects.get(name="pump").process not in content
