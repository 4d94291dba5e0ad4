"""Asks the tables whether the engine's promises hold; each night, and in `manage.py doctor`.

What cannot be asked of rows (a fence, a rate) is for the tests; what a constraint holds is asked
all the same, since a restored backup may come without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import connection as database
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from crm.choices import Severity
from integrations.hub import leases, registry
from integrations.hub.models import (
    Connection,
    ConnectionState,
    LinkState,
    SyncRecord,
    SyncStage,
    SyncState,
)
from integrations.hub.notices import connection_alert, connection_alert_over
from integrations.hub.sweeps import sweep_register
from integrations.hub.sync.missed import forgotten_send
from integrations.hub.sync.scene import scene_of
from integrations.hub.sync.sweeping import forgotten

ALERT: Final = "hub_check"
# Less than a day, so that the next night is not missed by a minute.
DAY_SECONDS: Final = 80_000
# Work that was just done, or is just being done, breaks no promise yet.
GRACE_MINUTES: Final = 15


@dataclass(frozen=True)
class Breach:
    """A promise that does not hold on one connection, with how many rows say so."""

    name: str
    connection_id: int
    count: int
    words: str


@dataclass(frozen=True)
class _Rule:
    """`query` gives a connection's id and how many of its rows break the rule."""

    name: str
    words: str
    query: str


_RULES: Final = (
    _Rule(
        "I2",
        "lanes have two jobs running at once",
        "SELECT connection_id, count(*) FROM (SELECT connection_id, lane FROM hub_syncjob "
        "WHERE state = 'leased' GROUP BY connection_id, lane HAVING count(*) > 1) j GROUP BY 1",
    ),
    _Rule(
        "I4",
        "jobs are held by a worker that has long been silent",
        "SELECT connection_id, count(*) FROM hub_syncjob WHERE state = 'leased' "
        "AND lease_until < statement_timestamp() - %(grace)s * interval '1 minute' GROUP BY 1",
    ),
    _Rule(
        "I5",
        "events were received, and nobody has worked on them",
        "SELECT e.connection_id, count(*) FROM hub_inboxevent e JOIN hub_connection c "
        "ON c.id = e.connection_id WHERE c.state = 'active' AND e.state = 'leased' "
        "AND e.lease_until < statement_timestamp() - %(grace)s * interval '1 minute' GROUP BY 1",
    ),
    _Rule(
        "I9",
        "records have two counterparts in one place",
        "SELECT connection_id, count(*) FROM (SELECT connection_id FROM hub_syncrecord "
        "WHERE state <> 'tombstone' GROUP BY connection_id, object, local_id "
        "HAVING count(*) > 1) l GROUP BY 1",
    ),
    _Rule(
        "I9",
        "things at the vendor have two records here",
        "SELECT connection_id, count(*) FROM (SELECT connection_id FROM hub_syncrecord "
        "GROUP BY connection_id, object, external_id HAVING count(*) > 1) l GROUP BY 1",
    ),
    _Rule(
        "I12",
        "streams are further than the present time",
        "SELECT connection_id, count(*) FROM hub_syncstate "
        "WHERE (cursor->>'at')::timestamptz > statement_timestamp() + interval '1 day' GROUP BY 1",
    ),
    _Rule(
        "I13",
        "records were sent as new, and a day later nobody knows whether they arrived",
        "SELECT i.connection_id, count(*) FROM hub_writeintent i WHERE i.kind = 'make' "
        "AND i.outcome = 'unknown' AND i.created_at < statement_timestamp() - interval '1 day' "
        "AND NOT EXISTS (SELECT 1 FROM hub_syncjob j WHERE j.connection_id = i.connection_id "
        "AND j.record_type = i.record_type AND j.record_id = i.record_id "
        "AND j.state IN ('ready', 'leased', 'dead')) GROUP BY 1",
    ),
)


def hub_check() -> list[Breach]:
    """Every promise that does not hold now; empty when all is well."""
    return [*_of_rules(), *_of_streams(_unsent), *_of_streams(_without_record)]


def hub_check_night() -> list[Breach]:
    """Once a day: admins hear of what is broken, and no more of what is well again.

    Streams that only send have no listing after which they would be looked through: what of theirs
    was forgotten is sent now.
    """
    if leases.take("hub_check", DAY_SECONDS) is None:
        return []
    found = hub_check()
    for state in _states():
        if not state.is_pulled:
            forgotten_send(scene_of(state))
    by_connection: dict[int, list[Breach]] = {}
    for one in found:
        by_connection.setdefault(one.connection_id, []).append(one)
    for connection in Connection.objects.select_related("workspace").order_by("pk"):
        broken = by_connection.get(connection.pk)
        if broken is None:
            connection_alert_over(connection, ALERT)
        else:
            words = "; ".join(f"{one.count} {one.words} ({one.name})" for one in broken)
            message = f"{connection.name} is not as it should be: {words}."
            connection_alert(connection, ALERT, message[:500], Severity.URGENT)
    return found


def hub_check_round() -> list[Breach]:
    """The tick's: at the hour when the streams are compared, too."""
    if timezone.now().hour != settings.SYNC_RECONCILE_HOUR:
        return []
    return hub_check_night()


def _of_rules() -> list[Breach]:
    found = []
    with database.cursor() as cursor:
        for rule in _RULES:
            cursor.execute(rule.query, {"grace": GRACE_MINUTES})
            found += [
                Breach(rule.name, connection_id, count, rule.words)
                for connection_id, count in cursor.fetchall()
            ]
    return found


def _of_streams(look: Callable[[SyncState], Breach | None]) -> list[Breach]:
    return [found for state in _states() if (found := look(state)) is not None]


def _states() -> list[SyncState]:
    """Live streams of connections at work whose provider is there."""
    states = SyncState.objects.filter(
        stage=SyncStage.LIVE,
        is_enabled=True,
        hold_reason="",
        connection__state=ConnectionState.ACTIVE,
        connection__provider__in=registry.ids(),
    ).select_related("connection__workspace")
    return [one for one in states if one.connection.declaration.stream(one.object) is not None]


def _unsent(state: SyncState) -> Breach | None:
    """I1: a change of ours that was sent, waits or was given up; none that is forgotten."""
    if not state.is_pushed or (state.is_pulled and not state.cursor):
        return None
    scene = scene_of(state)
    count = forgotten(scene).filter(updated_at__lt=Now() - _grace()).count()
    words = f"changed {scene.stream.label.lower()} are neither sent nor waiting"
    return Breach("I1", state.connection_id, count, words) if count else None


def _without_record(state: SyncState) -> Breach | None:
    """A link leads to a record of ours."""
    scene = scene_of(state)
    records = scene.model._default_manager.filter(
        pk=OuterRef("local_id"), workspace_id=state.connection.workspace_id
    )
    links = SyncRecord.objects.filter(
        ~Exists(records),
        connection=state.connection_id,
        object=state.object,
        state=LinkState.ACTIVE,
        created_at__lt=Now() - _grace(),
    )
    count = links.count()
    words = f"links of {scene.stream.label.lower()} lead to no record"
    return Breach("I9", state.connection_id, count, words) if count else None


def _grace() -> timedelta:
    return timedelta(minutes=GRACE_MINUTES)


sweep_register("hub_check", hub_check_round)
