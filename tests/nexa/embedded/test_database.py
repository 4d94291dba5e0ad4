"""The address of the database, as each of its readers wants it."""

from __future__ import annotations

from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from nexa.embedded import EmbeddedDatabase

ADDRESS = EmbeddedDatabase(
    socket_folder=Path("/srv/Two Words/100%&more"),
    port=5432,
    user="nexa",
    password="p@ss:w/rd?&%20",
    database="nexa",
)


def test_address_speaks_django() -> None:
    assert ADDRESS.django_settings() == {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "/srv/Two Words/100%&more",
        "PORT": "5432",
        "USER": "nexa",
        "PASSWORD": "p@ss:w/rd?&%20",
        "NAME": "nexa",
    }


def test_url_reads_back_as_the_same_address() -> None:
    assert conninfo_to_dict(ADDRESS.url) == {
        "host": "/srv/Two Words/100%&more",
        "port": "5432",
        "user": "nexa",
        "password": "p@ss:w/rd?&%20",
        "dbname": "nexa",
    }


def test_address_hides_its_password() -> None:
    assert ADDRESS.password not in repr(ADDRESS)
