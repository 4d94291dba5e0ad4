"""Empties the database after a test that commits: only the tables that hold something.

Django truncates every table with its indexes, fills in permissions and content types anew, and
connects anew, so that the server reads its catalogues again; that takes longer than most of these
tests.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.db import connection, transaction
from django.test import TransactionTestCase

from crm.models import RulePoints
from crm.rules.points import DEFAULT_POINTS
from integrations.hub.schedules import rows_ensure

# Written by migrations, the same for ever.
KEPT: Final = frozenset({"django_content_type", "auth_permission", "django_site"})
# What a session holds beside its rows, and a new connection would not.
_FRESH: Final = "SELECT pg_advisory_unlock_all(); DISCARD TEMP; RESET lock_timeout"


def install() -> None:
    """From now on tests that commit are cleaned up after in this way."""
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]
    TransactionTestCase._should_reload_connections = _keeps  # type: ignore[attr-defined]


def _teardown(case: Any) -> None:
    tables_empty()
    with connection.cursor() as cursor:
        cursor.execute(_FRESH)


def _keeps(case: Any) -> bool:
    return False


def tables_empty() -> None:
    """As after the migrations, in whichever database the default connection leads to."""
    filled = _filled()
    if filled:
        # In one transaction, since keys to other tables are looked at when it ends.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "; ".join(f"DELETE FROM {connection.ops.quote_name(name)}" for name in filled)
            )
    # What Django's own way leaves behind by its signal, and what a migration has filled in.
    rows_ensure()
    RulePoints.objects.bulk_create(
        RulePoints(rule=rule, points=points) for rule, points in DEFAULT_POINTS.items()
    )


def _filled() -> list[str]:
    """The tables with rows, asked in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_question())
        return [name for (name,) in cursor.fetchall()]


@lru_cache(maxsize=1)
def _question() -> str:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})"
        for name in sorted(set(names) - KEPT)
    )
