"""Sends rows in one batch and says what became of each; a batch refused whole is halved.

One bad row among a hundred must not keep the others back: see https://developers.hubspot.com/docs
(batch calls answer 207 for single rows, and 400 or 409 for a whole batch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from integrations.hub.errors import Exists, HubError, NotFound, OutcomeUnknown, Rejected
from integrations.hubspot.client import BatchInput, BatchResult, ItemError, Refused, RemoteObject

Outcome = RemoteObject | HubError
Call = Callable[[Sequence[BatchInput]], BatchResult]


def rows_send(call: Call, rows: Sequence[BatchInput], told: dict[str, Outcome]) -> None:
    """Put the outcome of each row into `told`, by its trace.

    At most twice as many calls as rows. Raises what concerns all of them (401, 429, 5xx); what is
    in `told` by then was done.
    """
    if not rows:
        return
    try:
        result = call(rows)
    except (Refused, Exists, NotFound) as error:
        if len(rows) == 1:
            told[rows[0].trace] = error
            return
        half = len(rows) // 2
        rows_send(call, rows[:half], told)
        rows_send(call, rows[half:], told)
        return
    told.update(_sorted_out(rows, result))


def _sorted_out(rows: Sequence[BatchInput], result: BatchResult) -> dict[str, Outcome]:
    """Rows are known by the trace we gave them, else by their id."""
    by_id = {row.id: row.trace for row in rows if row.id}
    found: dict[str, Outcome] = {}
    for made in result.results:
        trace = made.trace or by_id.get(made.id, "")
        found[trace] = replace(made, trace=trace)
    for error in result.errors:
        for trace in error.traces or [by_id[one] for one in error.ids if one in by_id]:
            found[trace] = error_of_item(error)
    unsaid = [row.trace for row in rows if row.trace not in found]
    for trace in unsaid:
        found[trace] = _unsaid(result.errors, is_only=len(unsaid) == 1)
    return found


def error_of_item(error: ItemError) -> HubError:
    if error.is_conflict:
        return Exists(error.message, external_id=error.existing_id)
    if error.is_missing:
        return NotFound(error.message)
    return Rejected(error.message)


def _unsaid(errors: Sequence[ItemError], *, is_only: bool) -> HubError:
    """An error that names no row is that of the only row without an answer."""
    if is_only and len(errors) == 1:
        return error_of_item(errors[0])
    return OutcomeUnknown("HubSpot did not say what became of this record of the batch.")
