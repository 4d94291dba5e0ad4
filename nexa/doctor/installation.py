"""What can be looked at once settings are loaded."""

from __future__ import annotations

from nexa.doctor.access import access_found
from nexa.doctor.checks import settings_found
from nexa.doctor.database import database_found, migrations_found
from nexa.doctor.demo import is_demo_unmade, unmade_found
from nexa.doctor.engine import cluster_found
from nexa.doctor.finding import Finding
from nexa.doctor.instance import instance_found
from nexa.doctor.keys import credentials_found, keys_found
from nexa.doctor.serving import (
    address_found,
    assets_found,
    cache_found,
    mail_found,
    storage_found,
)
from nexa.doctor.streams import streams_found

LOOKS = (
    address_found,
    keys_found,
    database_found,
    migrations_found,
    credentials_found,
    cluster_found,
    cache_found,
    storage_found,
    assets_found,
    mail_found,
)


def look() -> list[Finding]:
    first = [instance_found(), *settings_found()]
    if is_demo_unmade():
        return [*first, unmade_found()]
    return [*first, *(one() for one in LOOKS), *access_found(), *streams_found()]
