"""How a list page reads its address: search, filters, order and page, all of it in the URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page
from django.db.models import F, QuerySet
from django.db.models.expressions import Expression, OrderBy

from crm.selectors import members
from crm.selectors.pages import KeysFirstPaginator
from crm.views.doors import WorkspaceRequest

PAGE_SIZE = 50
SEARCH_MAX = 200

Rows = QuerySet[Any]
Options = Sequence[tuple[str, str]]
Narrow = Callable[[Rows, str, WorkspaceRequest], Rows]


@dataclass(frozen=True)
class Filter:
    """One choice above a list; a value that is not among its options is ignored."""

    name: str
    label: str
    options: Callable[[WorkspaceRequest], Options]
    narrow: Narrow


@dataclass(frozen=True)
class Link:
    """A record the list is narrowed to by its id, shown as a chip: `?account=12`."""

    name: str
    label: str
    find: Callable[[WorkspaceRequest, int], object | None]


@dataclass(frozen=True)
class Listing:
    """What one record type's list can be searched, narrowed and ordered by."""

    search: Callable[[Rows, str], Rows]
    sorts: Mapping[str, tuple[str | Expression, ...]]
    filters: tuple[Filter, ...] = ()
    links: tuple[Link, ...] = ()
    nullable: frozenset[str] = frozenset()
    default_sort: str = "-updated_at"


@dataclass(frozen=True)
class ShownFilter:
    name: str
    label: str
    options: Options
    value: str


@dataclass(frozen=True)
class ShownLink:
    name: str
    label: str
    record: object
    value: str


@dataclass(frozen=True)
class ListPage:
    """One page of a list with everything its toolbar shows; `rows` are those of all pages."""

    page: Page[Any]
    rows: Rows
    query: str
    sort: str
    default_sort: str
    filters: list[ShownFilter] = field(default_factory=list)
    links: list[ShownLink] = field(default_factory=list)

    @property
    def is_filtered(self) -> bool:
        return bool(self.query or self.links or any(shown.value for shown in self.filters))

    @property
    def owner(self) -> str:
        """Whose records are shown, for the views above the list."""
        return next((shown.value for shown in self.filters if shown.name == "owner"), "")


def list_page(request: WorkspaceRequest, rows: Rows, listing: Listing) -> ListPage:
    """The page the address asks for; what makes no sense in it is left out."""
    query = request.GET.get("q", "").strip()[:SEARCH_MAX].replace("\x00", "")
    filters = [_shown_filter(request, one) for one in listing.filters]
    links = [link for one in listing.links if (link := _shown_link(request, one))]
    for one, shown in zip(listing.filters, filters, strict=True):
        rows = one.narrow(rows, shown.value, request) if shown.value else rows
    for link in links:
        rows = rows.filter(**{link.name: link.record})
    rows = listing.search(rows, query) if query else rows
    sort = _sort(request, listing)
    pages = KeysFirstPaginator(rows.order_by(*_order(listing, sort)), PAGE_SIZE)
    return ListPage(
        page=pages.get_page(request.GET.get("page")),
        rows=rows,
        query=query,
        sort=sort,
        default_sort=listing.default_sort,
        filters=filters,
        links=links,
    )


def choice_filter(name: str, label: str, choices: Options) -> Filter:
    """Rows whose field `name` holds the chosen value."""
    return Filter(
        name, label, lambda request: choices, lambda rows, value, _: rows.filter(**{name: value})
    )


def person_filter(name: str = "owner", label: str = "Owner") -> Filter:
    """Rows of one member, of me or of nobody."""

    def options(request: WorkspaceRequest) -> Options:
        people = members.members_of(request.workspace)
        named = [(str(user.pk), str(user)) for user in people if user.pk != request.user.pk]
        return [("me", "Me"), ("none", "Nobody"), *named]

    def narrow(rows: Rows, value: str, request: WorkspaceRequest) -> Rows:
        if value == "none":
            return rows.filter(**{f"{name}__isnull": True})
        return rows.filter(**{f"{name}_id": request.user.pk if value == "me" else int(value)})

    return Filter(name, label, options, narrow)


def _shown_filter(request: WorkspaceRequest, one: Filter) -> ShownFilter:
    options = one.options(request)
    wanted = request.GET.get(one.name, "")
    known = {value for value, _ in options}
    return ShownFilter(one.name, one.label, options, wanted if wanted in known else "")


def _shown_link(request: WorkspaceRequest, one: Link) -> ShownLink | None:
    wanted = request.GET.get(one.name, "")
    if not wanted.isdecimal() or len(wanted) > 18:
        return None
    record = one.find(request, int(wanted))
    return ShownLink(one.name, one.label, record, wanted) if record else None


def _sort(request: WorkspaceRequest, listing: Listing) -> str:
    wanted = request.GET.get("sort", "")
    return wanted if wanted.removeprefix("-") in listing.sorts else listing.default_sort


def _order(listing: Listing, sort: str) -> list[OrderBy]:
    """Expressions of `sort`, which name a last unique column so that pages never overlap."""
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    # Only where a value may be missing: elsewhere it would keep PostgreSQL off the index.
    last = True if name in listing.nullable else None
    columns = [F(one) if isinstance(one, str) else one for one in (*listing.sorts[name], "id")]
    return [OrderBy(column, descending=falling, nulls_last=last) for column in columns]
