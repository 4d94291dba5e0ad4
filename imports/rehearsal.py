"""Where a dry run writes, so that later rows of the file see what earlier ones would have done."""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from crm.services.copying import rows_copy
from imports.choices import ImportStatus
from imports.engine import Decisions
from imports.matching import Found, Key, LiveStore
from imports.models import ImportJob, RehearsedKey, RehearsedRecord
from imports.people import marks
from imports.working import Working

ROW = "_row"
MOMENTS = ("last_contacted_at",)
PRUNE_SECONDS: Final = 10.0
PRUNE_BATCH: Final = 20_000
DEAD_ROWS: Final = """
    DELETE FROM {table} WHERE id IN (
        SELECT r.id FROM {table} r LEFT JOIN imports_importjob j
            ON j.id = r.job_id AND j.generation = r.generation AND j.status = %s
        WHERE j.id IS NULL LIMIT %s)
"""


class RehearsalStore:
    """The CRM as it would stand now, had the rows before this chunk been imported."""

    def __init__(self, job: ImportJob) -> None:
        self._own = {"job_id": job.pk, "generation": job.generation}
        self._live = LiveStore(job.workspace_id)

    def find(self, key: Key, wanted: Collection[Any]) -> Found:
        found = self._live.find(key, wanted)
        by_digest = {digest_of(mark): mark for mark in wanted}
        keys = RehearsedKey.objects.filter(**self._own, digest__in=list(by_digest), kind=key.value)
        for digest, ref in keys.values_list("digest", "ref").order_by("id"):
            refs = found.setdefault(by_digest[digest], [])
            if ref not in refs:
                refs.append(ref)
        return found

    def load(self, record_type: str, refs: Collection[int]) -> list[Working]:
        """Stored records with the rehearsed values laid over them."""
        stored = self._live.load(record_type, [ref for ref in refs if ref > 0])
        records = {record.ref: record for record in stored}
        rehearsed = RehearsedRecord.objects.filter(
            **self._own, record_type=record_type, ref__in=list(refs)
        )
        for ref, values in rehearsed.values_list("ref", "values"):
            row = values.pop(ROW)
            for name in MOMENTS:
                if values.get(name):
                    values[name] = datetime.datetime.fromisoformat(values[name])
            records[ref] = Working(ref, values, row=row)
        return list(records.values())

    def save(self, decisions: Decisions) -> None:
        """Remember what the chunk would have written."""
        own = tuple(self._own.values())
        for record_type, shelf in (
            ("account", decisions.accounts),
            ("contact", decisions.contacts),
        ):
            touched = [record for record in shelf.records.values() if record.changes]
            self._forget(record_type, [record.ref for record in touched if not record.is_new])
            rows_copy(
                RehearsedRecord,
                (*self._own, "record_type", "ref", "values"),
                ((*own, record_type, record.ref, _packed(record)) for record in touched),
            )
            keys = _account_keys(touched) if record_type == "account" else _contact_keys(touched)
            rows_copy(
                RehearsedKey,
                (*self._own, "kind", "digest", "ref"),
                ((*own, key.value, digest_of(mark), ref) for key, mark, ref in keys),
            )

    def _forget(self, record_type: str, refs: list[int]) -> None:
        if refs:
            RehearsedRecord.objects.filter(
                **self._own, record_type=record_type, ref__in=refs
            ).delete()


def rehearsals_prune(budget_seconds: float = PRUNE_SECONDS) -> int:
    """Remove what no running check needs, batch by batch; how many rows."""
    deadline, removed = time.monotonic() + budget_seconds, 0
    with connection.cursor() as cursor:
        for model in (RehearsedKey, RehearsedRecord):
            statement = DEAD_ROWS.format(table=connection.ops.quote_name(model._meta.db_table))
            while time.monotonic() < deadline:
                cursor.execute(statement, [ImportStatus.VALIDATING, PRUNE_BATCH])
                removed += cursor.rowcount
                if cursor.rowcount < PRUNE_BATCH:
                    break
    return removed


def digest_of(mark: Any) -> int:
    """64 bits of the mark; two marks sharing them would need a file of billions of rows."""
    packed = hashlib.blake2b(repr(mark).encode(), digest_size=8).digest()
    return int.from_bytes(packed, "big", signed=True)


def _packed(record: Working) -> str:
    return json.dumps({**record.values, ROW: record.row}, cls=DjangoJSONEncoder)


def _contact_keys(records: Iterable[Working]) -> Iterator[tuple[Key, Any, int]]:
    for record in records:
        for key, mark in marks(record.values, record.values.get("account_id")):
            yield key, mark, record.ref


def _account_keys(records: Iterable[Working]) -> Iterator[tuple[Key, Any, int]]:
    for record in records:
        if record.values.get("name"):
            yield Key.COMPANY, record.values["name"].lower(), record.ref
        if record.values.get("domain"):
            yield Key.DOMAIN, record.values["domain"].lower(), record.ref
