"""Turns hints of web-hooks into jobs: which things of theirs to look at anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import connection as database

from integrations.hub import wake
from integrations.hub.lanes import lane_of
from integrations.hub.models import Connection, SyncRecord, SyncState
from integrations.hub.streams import LONGEST_ID, Hint
from integrations.hub.sync import quarantine
from integrations.hub.sync.rereading import told_in_vain
from integrations.hub.sync.scene import scene_of
from integrations.hub.words import DROPPED_LATE

# Not before a person's own edit, but before bulk work.
HEAD_START_SECONDS: Final = 60

_INBOUND: Final = """
INSERT INTO hub_syncjob AS j (uid, connection_id, kind, lane, coalesce_key, record_type, record_id,
                              object, external_id, head_start_seconds, reason, sort_at, created_at,
                              run_at)
SELECT gen_random_uuid(), %(connection)s, 'inbound', lane, %(reason)s, %(record_type)s, 0,
       %(object)s, external_id, %(head)s, %(reason)s,
       statement_timestamp() - %(head)s * interval '1 second', statement_timestamp(),
       statement_timestamp() + %(after)s * interval '1 second'
FROM unnest(%(lanes)s::bigint[], %(ids)s::text[]) AS hint(lane, external_id) ORDER BY lane
ON CONFLICT (lane, coalesce_key) WHERE state = 'ready'
DO UPDATE SET sort_at = LEAST(j.sort_at, excluded.sort_at),
    run_at = CASE WHEN j.attempts > 0 THEN j.run_at
        WHEN excluded.reason = %(last)s THEN GREATEST(j.run_at, excluded.run_at)
        ELSE LEAST(j.run_at, excluded.run_at) END
"""


def hints_take(connection: Connection, hints: Iterable[Hint]) -> int:
    """One waiting job for each thing named, however often it is; how many things there were.

    Hints for objects that no live stream takes over are dropped: a whole listing brings them once
    it does. An id that is longer than any link can hold is set aside, and the rest is taken.
    """
    by_object: dict[str, set[str]] = {}
    alive: dict[str, set[str]] = {}
    for hint in hints:
        if hint.is_erased:
            # Said once only, and nothing that is read later tells it.
            SyncRecord.objects.filter(
                connection=connection, object=hint.object, external_id=hint.external_id
            ).update(is_erased=True)
        by_object.setdefault(hint.object, set()).update((hint.external_id, *hint.former_ids))
        if not hint.is_deleted:
            alive.setdefault(hint.object, set()).add(hint.external_id)
    count = 0
    for state in SyncState.objects.filter(connection=connection, object__in=by_object):
        if not state.is_live:
            told_in_vain(state)
        elif state.is_pulled:
            ids = by_object[state.object]
            longs = {one for one in ids if len(one) > LONGEST_ID}
            inbound_add(connection, state.object, sorted(ids - longs))
            _too_long_apart(state, longs, alive.get(state.object, set()))
            count += len(ids)
    return count


def _too_long_apart(state: SyncState, longs: set[str], alive: set[str]) -> None:
    """What cannot even be looked at; one that is gone, or has another id now, is no trouble."""
    if not longs:
        return
    scene = scene_of(state)
    quarantine.release(scene, external_ids=longs - alive)
    quarantine.theirs_keep(scene, dict.fromkeys(longs & alive, quarantine.TOO_LONG))


def inbound_add(
    connection: Connection,
    object: str,
    external_ids: Sequence[str],
    *,
    after_seconds: float = 0.0,
    reason: str = "",
) -> None:
    """Look at these things of theirs; any number of times is one job a thing.

    It is done when the first of them is due, unless it failed: what is often named is not asked
    for more often then. `reason` says why not at once, by a name of `words.WAITS`: such a look is
    one of its own, for one that is made earlier does not stand in for it.
    """
    stream = connection.declaration.stream(object)
    if not external_ids or stream is None:
        return
    values: dict[str, Any] = {
        "connection": connection.pk,
        "record_type": stream.record_type,
        "object": object,
        "head": HEAD_START_SECONDS,
        "after": after_seconds,
        "reason": reason,
        # Of a thing that went and came twice all that went with it shows after the second time.
        "last": DROPPED_LATE,
        "lanes": [lane_of(connection.pk, f"inbound:{object}", one) for one in external_ids],
        "ids": list(external_ids),
    }
    with database.cursor() as cursor:
        cursor.execute(_INBOUND, values)
    wake.wake_on_commit()
