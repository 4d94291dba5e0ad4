"""Writes rows of a batch set by set: each is checked in Python, then all are stored together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from crm.models import Contact
from crm.services import ledger
from crm.services.batch_attempts import Attempt, BatchResult, Values, attempted, missing, refused
from crm.services.batch_checks import Checks, blank_errors
from crm.services.bulk import records_create
from crm.services.bulk_updates import Rewrite, rewrites_store, rows_lock
from crm.services.cleaning import field_named
from crm.services.columns import Column, columns_of
from crm.services.consent import consent_detail, consents_log
from crm.services.errors import InvalidRecord
from crm.services.identity import CONTACT_IDENTITY
from crm.services.ledger import CUSTOM, json_value

OPT_IN = "email_opt_in"


@dataclass(frozen=True)
class _Rewritten:
    """A record with the new values of an accepted row, as JSON: `after` has all columns read."""

    record_id: int
    before: Values
    after: dict[str, Any]
    diff: ledger.Diff


def set_create(
    checks: Checks, creates: Sequence[Values], *, drop_bad_fields: bool
) -> list[BatchResult]:
    make = partial(_new_row, checks)
    attempts = [
        attempted(make, checks.model, values, drop_bad_fields=drop_bad_fields) for values in creates
    ]
    rows = [attempt.made for attempt in attempts if attempt.made is not None]
    ids = records_create(checks.model, workspace=checks.workspace, rows=rows, origin=checks.origin)
    _consents_of_new(checks, ids, rows)
    taken = iter(ids)
    return [
        refused(attempt.errors)
        if attempt.made is None
        else _created(checks, next(taken), given=values, attempt=attempt)
        for values, attempt in zip(creates, attempts, strict=True)
    ]


def set_update(
    checks: Checks, updates: Sequence[tuple[int, Values]], *, drop_bad_fields: bool
) -> list[BatchResult]:
    """Write each id's values; no id may be named twice."""
    columns = _columns_read(checks, updates)
    ids = [record_id for record_id, _ in updates]
    present = dict(rows_lock(checks.model, checks.workspace, ids, columns))
    attempts = {
        record_id: attempted(
            partial(_rewritten, checks, record_id, present[record_id]),
            checks.model,
            values,
            drop_bad_fields=drop_bad_fields,
        )
        for record_id, values in updates
        if record_id in present
    }
    accepted = [attempts[pk].made for pk in present]
    _store(checks, columns, [one for one in accepted if one is not None and one.diff])
    return [
        _updated(checks, attempts[record_id], given=values)
        if record_id in attempts
        else missing(checks.model)
        for record_id, values in updates
    ]


def _new_row(checks: Checks, values: Values) -> dict[str, Any]:
    """The row as the table takes it; raises as crm.services.records.record_create."""
    row = checks.clean(checks.rules.prepare_new(values))
    if CUSTOM in row:
        row[CUSTOM] = checks.custom(row[CUSTOM], {})
    checks.require_custom(row.get(CUSTOM, {}))
    errors = {name: said for name, said in blank_errors(checks.model).items() if name not in row}
    try:
        checks.validate(row, row)
    except InvalidRecord as error:
        errors |= error.errors
    if errors:
        raise InvalidRecord(errors)
    checks.rules.require(row, columns_of(checks.model))
    checks.require_links(row)
    return row


def _rewritten(checks: Checks, record_id: int, before: Values, values: Values) -> _Rewritten:
    """What the row makes of the record; raises as crm.services.records.record_update."""
    cleaned = checks.clean(checks.rules.prepare(values))
    if CUSTOM in cleaned:
        cleaned[CUSTOM] = checks.custom(cleaned[CUSTOM], before[CUSTOM])
    diff = ledger.without_respelt(_diff(before, cleaned))
    if not diff:
        return _Rewritten(record_id, before, dict(before), diff)
    changed = {name: cleaned[name] for name in {name.partition(".")[0] for name in diff}}
    checks.validate(changed, changed)
    after = {**before, **{name: json_value(value) for name, value in changed.items()}}
    checks.rules.require(after, changed)
    checks.require_links(changed)
    return _Rewritten(record_id, before, after, diff)


def _diff(before: Values, cleaned: Values) -> ledger.Diff:
    """As ledger.field_diff, of values that are JSON already."""
    diff: ledger.Diff = {}
    for name, value in cleaned.items():
        if name == CUSTOM:
            diff |= ledger.custom_diff(before[CUSTOM], value)
        elif before[name] != (after := json_value(value)):
            diff[name] = [before[name], after]
    return diff


def _columns_read(checks: Checks, updates: Iterable[tuple[int, Values]]) -> list[Column]:
    """The columns that the rows name, those written along, and those the rules ask for."""
    known = columns_of(checks.model)
    names = {name for _, values in updates for name in values}
    fields = {field.name for name in names if (field := field_named(checks.model, name))}
    along = {f"{name}_raw" for name in fields}
    asked = CONTACT_IDENTITY if checks.model is Contact else ()
    wanted = fields | (along & set(known)) | set(asked)
    return [column for name, column in known.items() if name in wanted]


def _store(checks: Checks, columns: Iterable[Column], changed: Sequence[_Rewritten]) -> None:
    rewrites_store(
        checks.model,
        workspace=checks.workspace,
        columns=columns,
        rewrites=[Rewrite(one.record_id, one.after, one.diff) for one in changed],
        origin=checks.origin,
    )
    _consents(
        checks,
        [(one.record_id, one.after[OPT_IN]) for one in changed if OPT_IN in one.diff],
    )


def _consents_of_new(checks: Checks, ids: Iterable[int], rows: Iterable[Values]) -> None:
    _consents(checks, [(pk, row.get(OPT_IN)) for pk, row in zip(ids, rows, strict=True)])


def _consents(checks: Checks, answers: Iterable[tuple[int, bool | None]]) -> None:
    """One line in the consent log for each answer; to know none is no answer."""
    if checks.model is not Contact:
        return
    entries = [(pk, opted_in) for pk, opted_in in answers if opted_in is not None]
    if entries:
        origin = checks.origin
        consents_log(entries, source=origin.kind, detail=consent_detail(origin))


def _created(
    checks: Checks, record_id: int, *, given: Values, attempt: Attempt[dict[str, Any]]
) -> BatchResult:
    row = attempt.made or {}
    known = columns_of(checks.model)

    def show(name: str) -> Any:
        return json_value(row[name] if name in row else known[name].default())

    stored = _stored(checks, given, show)
    return BatchResult(record_id, stored, attempt.errors, is_changed=True)


def _updated(checks: Checks, attempt: Attempt[_Rewritten], *, given: Values) -> BatchResult:
    made = attempt.made
    if made is None:
        return refused(attempt.errors)
    stored = _stored(checks, given, made.after.__getitem__)
    return BatchResult(made.record_id, stored, attempt.errors, is_changed=bool(made.diff))


def _stored(checks: Checks, given: Values, show: Callable[[str], Any]) -> dict[str, Any]:
    """Of the fields given, by the names given, what the record shows."""
    stored = {
        name: show(field.name) for name in given if (field := field_named(checks.model, name))
    }
    if CUSTOM in stored:
        own = given[CUSTOM] if isinstance(given[CUSTOM], Mapping) else {}
        stored[CUSTOM] = {key: stored[CUSTOM].get(key) for key in own}
    return stored
