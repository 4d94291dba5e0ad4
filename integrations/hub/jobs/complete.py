"""Stores the success of jobs, one or many, in one statement, with their attempts and intents."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database

# Guarded by each job's token. Jobs that died of the same record are settled, since it has reached
# the vendor after all: one of a lane runs at a time, so all of them, also those that were added
# later, died before this one read it. They are looked for by record, which has an index, and lane.
COMPLETE = """
WITH said AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%s::jsonb)
        AS s(id bigint, token uuid, status_code int, message text, request_digest text,
             exchanges jsonb, duration_ms int, seconds_ago float8)
), ended AS (
    UPDATE hub_syncjob j
    SET state = 'done', lease_token = NULL, lease_until = NULL, claims = 0, reason = '',
        last_error = '', last_error_code = '', finished_at = statement_timestamp()
    FROM said s
    WHERE j.id = s.id AND j.lease_token = s.token AND j.state = 'leased'
    RETURNING j.id, j.kind, j.lane, j.record_type, j.record_id, j.generation, j.intent_id,
              s.status_code, s.message, s.request_digest, s.exchanges,
              s.duration_ms, s.seconds_ago
), tried AS (
    INSERT INTO hub_attempt (job_id, number, generation, is_counted, outcome, code, status_code,
                             message, request_digest, exchanges, started_at, duration_ms)
    SELECT id, 1 + COALESCE((SELECT max(number) FROM hub_attempt a WHERE a.job_id = e.id), 0),
           generation, true, 'done', '', status_code, message, request_digest, exchanges,
           statement_timestamp() - seconds_ago * interval '1 second', duration_ms
    FROM ended e
), settled AS (
    UPDATE hub_syncjob d SET state = 'superseded', finished_at = statement_timestamp()
    FROM ended e
    WHERE e.kind = 'push' AND d.kind = 'push' AND d.state = 'dead' AND d.lane = e.lane
      AND d.record_type = e.record_type AND d.record_id = e.record_id
), applied AS (
    UPDATE hub_writeintent i SET outcome = 'applied', closed_at = statement_timestamp()
    FROM ended e WHERE i.id = e.intent_id
)
SELECT id FROM ended
"""


@dataclass(frozen=True)
class Completed:
    """One job that was carried out, and the calls it took; `message` where little came of it."""

    job_id: int
    token: uuid.UUID
    duration_ms: int
    seconds_ago: float
    status_code: int | None = None
    message: str = ""
    request_digest: str = ""
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "id": self.job_id, "token": self.token.hex}


def complete(done: Sequence[Completed]) -> set[int]:
    """The ids that were stored; those of foreign tokens are left as they are."""
    if not done:
        return set()
    # One text, which is quick to write, instead of seven lists, which are not.
    said = json.dumps([one.as_json() for one in done])
    with database.cursor() as cursor:
        cursor.execute(COMPLETE, [said])
        return {row[0] for row in cursor.fetchall()}
