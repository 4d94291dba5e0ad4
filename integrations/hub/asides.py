"""What a stream has set aside, as its page lists it: which, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Value

from crm.models import Record
from integrations.hub.first_sync import stream_of
from integrations.hub.models import QuarantinedItem, SyncState
from integrations.hub.panels import record_systems_path
from integrations.hub.subjects import gone_words
from integrations.hub.sync import quarantine
from integrations.hub.sync.steering import is_asked_for
from integrations.hub.their_pages import their_page
from integrations.hub.troubles import items_aside, pairs_aside, records_of

PAGE_SIZE: Final = 25
_APART: Final = "Merge the two here or there, or make them differ."
# By code: what to do about one of theirs, and about one of ours. Other reasons say it themselves.
STEPS: Final[Mapping[str, tuple[str, str]]] = {
    quarantine.INVALID: ("Correct it there.", "Correct it here."),
    quarantine.REQUIRED: ("Fill it in there.", "Fill it in here."),
    quarantine.AMBIGUOUS: (_APART, _APART),
    quarantine.DUPLICATE: (_APART, _APART),
}


@dataclass(frozen=True)
class AsideLine:
    """One thing: `url` is our record's page or the vendor's, '' without one."""

    name: str
    url: str
    reason: str
    step: str = ""


def aside_page(state: SyncState, number: str | None) -> Page[tuple[str, int]]:
    """Which rows, as pairs of table and key: items first, then pairs out of service."""
    found = _keys(items_aside(state), "item").union(_keys(pairs_aside(state), "pair"))
    return Paginator(found.order_by("table", "pk"), PAGE_SIZE).get_page(number)


def aside_lines(state: SyncState, page: Iterable[tuple[str, int]]) -> list[AsideLine]:
    """A fixed number of queries."""
    keys = list(page)
    items = list(items_aside(state).filter(pk__in=[pk for table, pk in keys if table == "item"]))
    pairs = list(pairs_aside(state).filter(pk__in=[pk for table, pk in keys if table == "pair"]))
    local_ids = {one.local_id for one in items} | {one.local_id for one in pairs}
    records = records_of(state, {pk for pk in local_ids if pk is not None})
    return [
        *(_item_line(state, one, records) for one in items),
        *(_ours_line(state, one.local_id, records, one.reason) for one in pairs),
    ]


def _keys(rows: Any, table: str) -> Any:
    return rows.order_by().annotate(table=Value(table)).values_list("table", "pk")


def _item_line(state: SyncState, item: QuarantinedItem, records: Mapping[int, Record]) -> AsideLine:
    theirs, ours = STEPS.get(item.code, ("", ""))
    if not item.external_id:
        return _ours_line(state, item.local_id, records, item.message, ours)
    url = their_page(stream_of(state), state.connection, item.external_id)
    name = f"{item.external_id} at {state.connection.provider_name}"
    return AsideLine(name, url, item.message, f"{theirs} {_unasked(state, item)}".strip())


def _unasked(state: SyncState, item: QuarantinedItem) -> str:
    """What brings it again where nobody can ask for it; '' where one can."""
    if not state.is_pulled:
        return "Nothing is taken over from there now."
    is_asked = is_asked_for(state, stream_of(state))
    if is_asked and not quarantine.is_shortened(item.external_id):
        return ""
    return "It comes again when it is changed there."


def _ours_line(
    state: SyncState,
    local_id: int | None,
    records: Mapping[int, Record],
    reason: str,
    step: str = "",
) -> AsideLine:
    record = records.get(local_id or 0)
    name = str(record) if record else gone_words(state.record_type)
    url = record_systems_path(record) if record else ""
    return AsideLine(name, url, reason or "It was set aside.", step)
