"""The database: reach, version and migrations."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection

from nexa.doctor.demo import mend_of
from nexa.doctor.finding import Finding
from nexa.readiness import migrations_missing
from nexa.redaction import redact

OLDEST_VERSION = 140000


def database_found() -> Finding:
    """Raises nothing: a database that cannot be reached is a finding."""
    part = "Database"
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        return Finding(part, f"cannot be reached: {redact(str(error).strip())}", _reach_advice())
    version = connection.pg_version  # type: ignore[attr-defined]
    kind = "a PostgreSQL of your own" if settings.DATABASE_URL else "embedded PostgreSQL"
    said = f"{kind}, version {version // 10000}.{version % 10000}"
    if version < OLDEST_VERSION:
        return Finding(part, said, "PostgreSQL 14 or newer is needed: upgrade the server.")
    return Finding(part, said)


def migrations_found() -> Finding:
    part = "Migrations"
    try:
        missing = migrations_missing()
    except DatabaseError:
        return Finding(part, "not looked at: no database", "Mend the database first.")
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        return Finding(
            part, f"{len(missing)} not applied: {shown}", mend_of("Run manage.py migrate.")
        )
    return Finding(part, "all applied")


def _reach_advice() -> str:
    if settings.DATABASE_URL:
        return (
            "Check that the server of DATABASE_URL runs, that this machine may reach it, and that "
            "user, password and database name are right."
        )
    return "Follow the message, or set DATABASE_URL to a PostgreSQL of your own."
