"""A lifecycle stage moves forward only at HubSpot; to go back it is emptied first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from integrations.hubspot.batching import Outcome, rows_send
from integrations.hubspot.client import BatchInput, BatchResult, RemoteObject

STAGE = "lifecyclestage"


def stuck_rows(
    inputs: Sequence[BatchInput], told: dict[str, Outcome]
) -> list[tuple[BatchInput, RemoteObject]]:
    """Those that were taken, but whose stage stayed as it was, with what was answered."""
    found = []
    for row in inputs:
        outcome, wanted = told.get(row.trace), row.properties.get(STAGE)
        if not wanted or not isinstance(outcome, RemoteObject):
            continue
        if outcome.properties.get(STAGE) not in (None, wanted):
            found.append((row, outcome))
    return found


def stages_move_back(
    update: Callable[[Sequence[BatchInput]], BatchResult],
    stuck: Sequence[tuple[BatchInput, RemoteObject]],
    told: dict[str, Outcome],
) -> None:
    """Empty them, then write them again; one that HubSpot refuses keeps its first answer."""
    rows = [replace(row, properties={STAGE: ""}) for row, _ in stuck]
    emptied: dict[str, Outcome] = {}
    rows_send(update, rows, emptied)
    again = [
        replace(row, properties={STAGE: row.properties[STAGE]})
        for row, _ in stuck
        if isinstance(emptied[row.trace], RemoteObject)
    ]
    written: dict[str, Outcome] = {}
    rows_send(update, again, written)
    for row, before in stuck:
        after = written.get(row.trace)
        if isinstance(after, RemoteObject):
            stage = after.properties.get(STAGE)
            told[row.trace] = replace(before, properties={**before.properties, STAGE: stage})
