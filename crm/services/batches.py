"""Writes many records of one type for a sync, each row for itself: a bad one stops no other.

Contacts and accounts are written set by set, all else through the entity's own services. The
outcome is that of one service call for each row, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db import connection, transaction

from crm.models import Record, Workspace
from crm.services.batch_attempts import BatchResult, Values
from crm.services.batch_checks import RULES, Checks, checks_of
from crm.services.batch_sets import set_create, set_update
from crm.services.batch_singles import single_create, single_update
from crm.services.errors import ServiceError
from crm.services.origin import Origin
from crm.services.refusals import refused_in_words

__all__ = ["BatchResult", "records_write"]

Update = tuple[int, Values]


def records_write(
    model: type[Record],
    *,
    workspace: Workspace,
    creates: Sequence[Values],
    updates: Sequence[Update],
    origin: Origin,
    drop_bad_fields: bool = False,
) -> tuple[list[BatchResult], list[BatchResult]]:
    """What became of each of `creates` and of `updates` (id and values), in their order.

    Values are by the names of fields, a link also by its `<name>_id`, `custom` an object of which
    the given keys are written. With `drop_bad_fields` a row refused for some of its fields is
    stored without these. Runs in the caller's transaction; rows are locked in the order of ids.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("records_write needs a transaction.")
    batch = _Batch(model, workspace, origin, drop_bad_fields)
    created = batch.create(creates) if creates else []
    return created, batch.update(updates)


@dataclass(frozen=True)
class _Batch:
    """One call's terms."""

    model: type[Record]
    workspace: Workspace
    origin: Origin
    drop_bad_fields: bool

    def create(self, creates: Sequence[Values]) -> list[BatchResult]:
        if self.model in RULES:
            # What the database refuses of a set is found row by row, below.
            with suppress(ServiceError), refused_in_words(), transaction.atomic():
                checks = self._checks(creates)
                return set_create(checks, creates, drop_bad_fields=self.drop_bad_fields)
        return single_create(
            self.model,
            workspace=self.workspace,
            creates=creates,
            origin=self.origin,
            drop_bad_fields=self.drop_bad_fields,
        )

    def update(self, updates: Sequence[Update]) -> list[BatchResult]:
        results: dict[int, BatchResult] = {}
        for wave in _waves(updates):
            written = self._update_once([updates[position] for position in wave])
            results.update(zip(wave, written, strict=True))
        return [results[position] for position in range(len(updates))]

    def _update_once(self, updates: Sequence[Update]) -> list[BatchResult]:
        if self.model in RULES:
            with suppress(ServiceError), refused_in_words(), transaction.atomic():
                checks = self._checks([values for _, values in updates])
                return set_update(checks, updates, drop_bad_fields=self.drop_bad_fields)
        return single_update(
            self.model,
            workspace=self.workspace,
            updates=updates,
            origin=self.origin,
            drop_bad_fields=self.drop_bad_fields,
        )

    def _checks(self, rows: Sequence[Values]) -> Checks:
        return checks_of(self.model, workspace=self.workspace, rows=rows, origin=self.origin)


def _waves(updates: Sequence[Update]) -> list[list[int]]:
    """Positions in groups that name no record twice; later writes of a record in later groups."""
    waves: list[list[int]] = []
    seen: dict[int, int] = {}
    for position, (record_id, _) in enumerate(updates):
        wave = seen.get(record_id, 0)
        seen[record_id] = wave + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(position)
    return waves
