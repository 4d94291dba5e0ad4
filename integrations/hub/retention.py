"""Forgets what is old, a little at a time; what is dead or open is never forgotten by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from integrations.hub import leases
from integrations.hub.models import SyncRecord

CHUNK = 1000
CHUNKS_A_ROUND = 10
ROUND_SECONDS = 600


NO_JOB: Final = "NOT EXISTS (SELECT 1 FROM hub_syncjob j WHERE j.intent_id = t.id)"
AGO: Final = "< statement_timestamp() - %(days)s * interval '1 day'"


@dataclass(frozen=True)
class Rule:
    """Rows of `table` are deleted in chunks when `column` is old and `condition` holds.

    How old says the setting of that name in RETENTION_DAYS, or `days`. `before` are statements
    about the chosen rows that come first; they name them as %(chosen)s.
    """

    table: str
    column: str
    condition: str = "true"
    setting: str = ""
    days: int = 0
    before: tuple[str, ...] = ()

    @property
    def kept_days(self) -> int:
        """Zero: for ever."""
        return int(settings.RETENTION_DAYS[self.setting]) if self.setting else self.days

    @property
    def chosen(self) -> str:
        # Names and conditions are constants of this module.
        return (
            f"SELECT id FROM {self.table} t WHERE {self.column} {AGO} AND {self.condition} "  # noqa: S608
            f"LIMIT {CHUNK} FOR UPDATE SKIP LOCKED"
        )


# The longest waits are beyond what vendors send again.
RULES: Final = (
    Rule(
        "hub_inboxbody",
        "received_at",
        "NOT EXISTS (SELECT 1 FROM hub_inboxevent e "
        "WHERE e.body_id = t.id AND e.state IN ('received', 'leased', 'dead'))",
        "inbox_bodies",
        before=("UPDATE hub_inboxevent SET body_id = NULL WHERE body_id = ANY(%(chosen)s)",),
    ),
    Rule(
        "hub_inboxevent",
        "received_at",
        "state IN ('done', 'ignored', 'discarded')",
        "inbox_events",
    ),
    Rule(
        "hub_attempt",
        "started_at",
        "NOT EXISTS (SELECT 1 FROM hub_syncjob j WHERE j.id = t.job_id AND j.state = 'dead')",
        "attempts",
    ),
    Rule(
        "hub_syncjob",
        "finished_at",
        "state IN ('done', 'superseded', 'discarded')",
        "jobs",
        before=("DELETE FROM hub_attempt WHERE job_id = ANY(%(chosen)s)",),
    ),
    Rule("hub_syncrun", "started_at", "status <> 'running'", "runs"),
    Rule("hub_syncconflict", "resolved_at", "state NOT IN ('open', 'decided')", "conflicts"),
    # A command's intent keeps its act from being done twice, and stays.
    Rule(
        "hub_writeintent",
        "closed_at",
        f"kind IN ('sync', 'make') AND outcome <> 'unknown' AND {NO_JOB}",
        "intents",
    ),
    # A write that was looked for in vain could land within minutes; after a day it never will.
    Rule(
        "hub_writeintent",
        "looked_at",
        f"kind = 'sync' AND outcome = 'unknown' AND {NO_JOB}",
        days=1,
    ),
    Rule("crm_change", "at", setting="ledger"),
    Rule("hub_oauthattempt", "expires_at", days=1),
    Rule("hub_hourlyfigures", "hour", days=400),  # thirteen months and the present one's days
    Rule("hub_webhookrefusal", "last_at", days=395),
)
# What was sent and answered goes before the try itself does.
_BODIES: Final = f"""
UPDATE hub_attempt SET exchanges = (
    SELECT COALESCE(jsonb_agg(one || '{{"request_body": "", "response_body": ""}}'), '[]')
    FROM jsonb_array_elements(exchanges) one)
WHERE id = ANY(ARRAY(
    SELECT id FROM hub_attempt t WHERE started_at {AGO}
    AND exchanges @? '$[*] ? (@.request_body != "" || @.response_body != "")'
    AND NOT EXISTS (SELECT 1 FROM hub_syncjob j WHERE j.id = t.job_id AND j.state = 'dead')
    LIMIT {CHUNK} FOR UPDATE SKIP LOCKED))
"""  # noqa: S608
# One that a whole listing still has stays: without it, theirs would come back as a new record. So
# does one with conflicts, whose values stand nowhere else: these are kept longer.
_TOMBSTONES: Final = f"""
SELECT t.id FROM hub_syncrecord t
WHERE t.state = 'tombstone' AND t.state_at {AGO} AND NOT EXISTS (
    SELECT 1 FROM hub_syncstate s WHERE s.connection_id = t.connection_id AND s.object = t.object
    AND (s.generation = 0 OR t.seen_generation >= s.generation - 1))
AND NOT EXISTS (SELECT 1 FROM hub_syncconflict c WHERE c.link_id = t.id)
ORDER BY t.id LIMIT {CHUNK} FOR UPDATE SKIP LOCKED
"""  # noqa: S608


def prune() -> int:
    """Delete what has expired, once in ten minutes over all processes; how many rows went."""
    lease = leases.take("retention", ROUND_SECONDS)
    if lease is None:
        return 0
    bodies_forget(int(settings.RETENTION_DAYS["attempt_bodies"]))
    gone = sum(rule_prune(rule) for rule in RULES if rule.kept_days)
    return gone + _tombstones_prune(int(settings.RETENTION_DAYS["tombstones"]))


def bodies_forget(days: int) -> int:
    """Empty what old tries sent and were answered; how many tries."""
    if not days:
        return 0
    count = 0
    for _ in range(CHUNKS_A_ROUND):
        with database.cursor() as cursor:
            cursor.execute(_BODIES, {"days": days})
            count += cursor.rowcount
            if cursor.rowcount < CHUNK:
                break
    return count


def rule_prune(rule: Rule) -> int:
    """How many rows of one rule went, in so many chunks at most.

    The rows of a chunk are chosen once: another comes of age between two statements about them.
    """
    removed = 0
    delete = f"DELETE FROM {rule.table} WHERE id = ANY(%(chosen)s)"  # noqa: S608
    for _ in range(CHUNKS_A_ROUND):
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(rule.chosen, {"days": rule.kept_days})
            chosen = [row[0] for row in cursor.fetchall()]
            for statement in (*rule.before, delete):
                cursor.execute(statement, {"chosen": chosen})
        removed += len(chosen)
        if len(chosen) < CHUNK:
            break
    return removed


def _tombstones_prune(days: int) -> int:
    """With what hangs on them: intents and their jobs."""
    removed = 0
    for _ in range(CHUNKS_A_ROUND if days else 0):
        with transaction.atomic():
            with database.cursor() as cursor:
                cursor.execute(_TOMBSTONES, {"days": days})
                ids = [row[0] for row in cursor.fetchall()]
            SyncRecord.objects.filter(pk__in=ids).delete()
        removed += len(ids)
        if len(ids) < CHUNK:
            break
    return removed
