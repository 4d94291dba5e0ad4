"""Pages of long lists: the keys of a page are found first, then its rows are read whole."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.db.models.sql import Query

# What only() and defer() change.
WHOLE = Query.deferred_loading


class KeysFirstPaginator(Paginator[Any]):
    """Skips rows by their keys alone, in an index, so that page 1000 costs little more than page 1.

    Only the rows shown are read with their columns and joins, in the same single query.
    """

    def page(self, number: Any) -> Page[Any]:
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        top = bottom + self.per_page
        if top + self.orphans >= self.count:
            top = self.count
        return Page(rows_between(self.object_list, bottom, top), number, self)


def rows_between(rows: Any, bottom: int, top: int) -> Any:
    """`rows[bottom:top]`, by their keys when plain rows come from the database."""
    if not isinstance(rows, QuerySet) or bottom == 0 or not _is_plain(rows):
        return rows[bottom:top]
    # The filters stay with the keys: to search again among the rows found would cost as much.
    whole = rows.model._default_manager.filter(pk__in=rows.values("pk")[bottom:top])
    whole.query.select_related = rows.query.select_related
    prefetches = rows._prefetch_related_lookups  # type: ignore[attr-defined]
    return whole.order_by(*rows.query.order_by).prefetch_related(*prefetches)


def _is_plain(rows: QuerySet[Any]) -> bool:
    """Ordered, of whole rows, and without what reading by keys would lose."""
    query = rows.query
    is_whole = query.default_cols and query.deferred_loading == WHOLE
    return bool(query.order_by) and is_whole and not (query.annotations or query.distinct)
