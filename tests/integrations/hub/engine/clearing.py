"""Moves the engine's clock and empties its tables between two examples; each is one statement."""

from __future__ import annotations

from django.db import connection as database
from django.db import transaction

TIMES = {
    "hub_syncjob": ("run_at", "sort_at", "lease_until", "finished_at"),
    "hub_connection": (
        "gate_until",
        "breaker_opened_at",
        "outage_since",
        "revive_since",
        "revive_forbidden_until",
        "window_started_at",
        "last_served_at",
    ),
    "hub_ratebucket": ("tat", "blocked_until", "paced_at"),
    "hub_namedlease": ("until",),
    "hub_syncstate": (
        *("next_run_at", "next_full_at", "lease_until", "let_through_at", "let_through_until"),
    ),
    "hub_syncrecord": ("folded_at", "gone_at", "away_at", "state_at"),
    "hub_writeintent": ("created_at", "looked_at"),
}
FILLED = (
    *("hub_attempt", "hub_syncjob", "hub_writeintent", "hub_syncconflict", "hub_quarantineditem"),
    *("hub_syncrecord", "hub_syncrun", "hub_syncstate", "hub_fieldmapping", "hub_valuemapping"),
    *("hub_ratebucket", "hub_namedlease", "hub_connection"),
    *("crm_alert", "crm_change", "crm_contact"),
)
MOVE = ";".join(
    f"UPDATE {table} SET "
    + ", ".join(f"{name} = {name} - interval '{{seconds}} seconds'" for name in columns)
    for table, columns in TIMES.items()
)


def time_moved(seconds: float) -> None:
    """Everything the engine compares with the database's clock happened `seconds` earlier."""
    with database.cursor() as cursor:
        cursor.execute(MOVE.format(seconds=seconds))


def cleared() -> None:
    """In one transaction, since keys to other tables are looked at when it ends."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("; ".join(f"DELETE FROM {name}" for name in FILLED))


def queue_silenced() -> None:
    """The machine does all work itself: nobody has to be woken."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_wake (name, is_pending, at) VALUES ('hub', true, now() + interval"
            " '1 year') ON CONFLICT (name) DO UPDATE SET is_pending = true, at = excluded.at"
        )
