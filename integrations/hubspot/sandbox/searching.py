"""Searches over what the index has seen: filters, one order, 10,000 rows at most."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from integrations.hubspot.sandbox import shapes
from integrations.hubspot.sandbox.call import Call, Endpoint
from integrations.hubspot.sandbox.catalog import MODIFIED, PropertyTypes
from integrations.hubspot.sandbox.errors import ApiError, invalid
from integrations.hubspot.sandbox.moments import milliseconds_of, now_ms
from integrations.hubspot.sandbox.objects import SCOPE
from integrations.hubspot.sandbox.table import SearchIndex

Json = dict[str, Any]
LARGEST_PAGE = 200
MAX_GROUPS, MAX_IN_GROUP, MAX_FILTERS, LONGEST_QUERY = 5, 6, 18, 3000
LAST = 1 << 62
OPERATORS = frozenset(
    [
        "EQ",
        "NEQ",
        "LT",
        "LTE",
        "GT",
        "GTE",
        "BETWEEN",
        "IN",
        "NOT_IN",
        "HAS_PROPERTY",
        "NOT_HAS_PROPERTY",
        "CONTAINS_TOKEN",
        "NOT_CONTAINS_TOKEN",
    ]
)
SEARCHED = ("email", "firstname", "lastname", "name", "domain", "dealname", "phone", "company")
Test = Callable[[Json], bool]


def search(call: Call) -> Json:
    kind, table = call.portal.table(call.part("kind"))
    body = call.body
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    types = call.portal.types(kind)
    window = _window(body, call.portal.switches.search_cap)
    groups = _groups(types, body)
    order = _sort(types, body)
    table.index.catch_up(now_ms())
    total, rows = _found(
        (kind, types), table.index, groups, str(body.get("query") or ""), order, window
    )
    wanted = body.get("properties") or []
    results = [shapes.record(call, kind, row, wanted) for row in rows]
    following = sum(window) if sum(window) < total else None
    page: Json = {"total": total, "results": results}
    if following is not None:
        page["paging"] = {"next": {"after": str(following)}}
    return page


# --- Reading the request ------------------------------------------------------------------------


def _window(body: Json, cap: int) -> tuple[int, int]:
    limit = body.get("limit", 10)
    if not isinstance(limit, int) or not 1 <= limit <= LARGEST_PAGE:
        raise invalid(f"limit must be a number from 1 to {LARGEST_PAGE}")
    after = str(body.get("after") or "0")
    if not after.isdecimal():
        raise invalid(f"after is no cursor of ours: {after!r}")
    if int(after) + limit > cap:
        raise ApiError(
            400, f"There was a problem with the request: results beyond {cap} cannot be paged."
        )
    return int(after), limit


def _groups(types: PropertyTypes, body: Json) -> list[list[Json]]:
    groups = [group.get("filters") or [] for group in body.get("filterGroups") or []]
    if len(groups) > MAX_GROUPS:
        raise ApiError(400, f"Too many filter groups: {len(groups)}, the maximum is {MAX_GROUPS}.")
    if any(len(group) > MAX_IN_GROUP for group in groups):
        raise ApiError(400, f"Too many filters in a group: the maximum is {MAX_IN_GROUP}.")
    if sum(len(group) for group in groups) > MAX_FILTERS:
        raise ApiError(400, f"Too many filters: the maximum is {MAX_FILTERS}.")
    if len(str(body.get("query") or "")) > LONGEST_QUERY:
        raise ApiError(400, f"The query is longer than {LONGEST_QUERY} characters.")
    for filter_ in (found for group in groups for found in group):
        _check(types, filter_)
    return groups


def _check(types: PropertyTypes, filter_: Json) -> None:
    name, operator = filter_.get("propertyName"), filter_.get("operator")
    if name not in types:
        raise ApiError(400, f"There was a problem with the request: no property {name!r}.")
    if operator not in OPERATORS:
        raise invalid(f"operator {operator!r}")
    given = [filter_.get("value"), filter_.get("highValue"), *(filter_.get("values") or [])]
    if not all(value is None or isinstance(value, str) for value in given):
        raise invalid(f"values of {name} must be texts")
    if types[name] in ("date", "datetime"):
        for value in given:
            if value is not None and not value.lstrip("-").isdecimal():
                raise ApiError(400, f"{value} is no time in milliseconds ({name}).")
    needs_value = operator in ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN")
    if needs_value and filter_.get("value") is None:
        raise invalid(f"a value is needed for {operator} of {name}")


def _sort(types: PropertyTypes, body: Json) -> tuple[str, bool]:
    sorts = body.get("sorts") or []
    if len(sorts) > 1:
        raise ApiError(400, "There was a problem with the request: only one sort is allowed.")
    if not sorts:
        return "hs_object_id", False
    first = sorts[0]
    if isinstance(first, str):
        # The short form: a minus turns the order round.
        name, is_descending = first.removeprefix("-"), first.startswith("-")
    else:
        name, is_descending = first.get("propertyName"), first.get("direction") == "DESCENDING"
    if name not in types:
        raise ApiError(400, f"There was a problem with the request: no property {name!r}.")
    return str(name), is_descending


# --- Finding ------------------------------------------------------------------------------------


def _found(
    what: tuple[str, PropertyTypes],
    index: SearchIndex,
    groups: list[list[Json]],
    query: str,
    order: tuple[str, bool],
    window: tuple[int, int],
) -> tuple[int, list[Json]]:
    """How many there are in all, and the rows of the page."""
    kind, types = what
    sort, is_descending = order
    numbers, rest = _candidates(kind, index, groups, sort)
    if rest or query:
        tests = [[_test(types, filter_) for filter_ in group] for group in rest]
        words = query.lower().split()
        numbers = [n for n in numbers if _fits(index.seen[n], tests) and _has(index.seen[n], words)]
    if sort not in ("hs_object_id", MODIFIED[kind]) or (rest and len(groups) > 1):
        numbers = sorted(numbers, key=lambda n: _key(types, index.seen[n], sort))
    total = len(numbers)
    start, end = window[0], sum(window)
    if is_descending:
        part = numbers[max(0, total - end) : max(0, total - start)]
        return total, [index.seen[number] for number in reversed(part)]
    return total, [index.seen[number] for number in numbers[start:end]]


class _Times(Sequence[int]):
    """The ids of a stretch of the time index, without copying it."""

    def __init__(self, index: SearchIndex, low: int, high: int) -> None:
        self._index, self._low, self._high = index, low, max(low, high)

    def __len__(self) -> int:
        return self._high - self._low

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            start, stop, _ = key.indices(len(self))
            part = self._index.by_time[self._low + start : self._low + stop]
            return [number for _, number in part]
        return self._index.by_time[self._low + key][1]


def _candidates(
    kind: str, index: SearchIndex, groups: list[list[Json]], sort: str
) -> tuple[Sequence[int], list[list[Json]]]:
    """Ids in the asked-for order as far as an index has it, and the filters still to be tried.

    A lone group with a bound on the time of change is cut out of the time index; with one exact
    time the ids inside it are in order too.
    """
    by_time = sort == MODIFIED[kind]
    everything: Sequence[int] = _Times(index, 0, len(index.by_time)) if by_time else index.ids
    if len(groups) != 1:
        return everything, groups
    bounds = [f for f in groups[0] if _is_bound(kind, f)]
    ids = [f for f in groups[0] if f["propertyName"] == "hs_object_id" and f["operator"] == "GT"]
    rest = [f for f in groups[0] if f not in bounds]
    low, high = _stretch(bounds)
    if low == high and ids:
        first = int(ids[0]["value"])
        start = bisect_right(index.by_time, (low, first))
        rest = [f for f in rest if f is not ids[0]]
        return _Times(index, start, bisect_right(index.by_time, (high, LAST))), _group(rest)
    if by_time:
        start = bisect_left(index.by_time, (low, 0))
        return _Times(index, start, bisect_right(index.by_time, (high, LAST))), _group(rest)
    if ids and not bounds:
        rest = [f for f in rest if f is not ids[0]]
        return index.ids[bisect_right(index.ids, int(ids[0]["value"])) :], _group(rest)
    return everything, groups


def _group(rest: list[Json]) -> list[list[Json]]:
    return [rest] if rest else []


def _is_bound(kind: str, filter_: Json) -> bool:
    is_time = filter_["propertyName"] in (MODIFIED[kind], "hs_lastmodifieddate")
    return is_time and filter_["operator"] in ("EQ", "GT", "GTE", "LT", "LTE", "BETWEEN")


def _stretch(bounds: list[Json]) -> tuple[int, int]:
    """The first and the last millisecond that all bounds allow."""
    low, high = 0, LAST
    for bound in bounds:
        value, operator = int(bound["value"]), bound["operator"]
        if operator in ("EQ", "GTE", "BETWEEN", "GT"):
            low = max(low, value + (operator == "GT"))
        if operator == "BETWEEN":
            high = min(high, int(bound.get("highValue") or value))
        elif operator in ("EQ", "LTE", "LT"):
            high = min(high, value - (operator == "LT"))
    return low, high


# --- Filters ------------------------------------------------------------------------------------


def _fits(row: Json, tests: list[list[Test]]) -> bool:
    """Any group, all of its filters; no group at all is everything."""
    return not tests or any(all(test(row) for test in group) for group in tests)


def _has(row: Json, words: list[str]) -> bool:
    if not words:
        return True
    held = " ".join(row["properties"].get(name) or "" for name in SEARCHED).lower()
    return all(word in held for word in words)


def _test(types: PropertyTypes, filter_: Json) -> Test:
    name, operator = filter_["propertyName"], filter_["operator"]
    said = types[name]

    def held(row: Json) -> Any:
        return _comparable(row["properties"].get(name), said)

    value = _comparable(filter_.get("value"), said)
    high = _comparable(filter_.get("highValue"), said)
    values = {_comparable(one, said) for one in filter_.get("values") or ()}
    token = str(filter_.get("value") or "").lower().strip("*")
    tests: dict[str, Callable[[Any], bool]] = {
        "EQ": lambda have: have == value,
        "NEQ": lambda have: have != value,
        "LT": lambda have: have is not None and have < value,
        "LTE": lambda have: have is not None and have <= value,
        "GT": lambda have: have is not None and have > value,
        "GTE": lambda have: have is not None and have >= value,
        "BETWEEN": lambda have: have is not None and value <= have <= high,
        "IN": lambda have: have in values,
        "NOT_IN": lambda have: have not in values,
        "HAS_PROPERTY": lambda have: have is not None,
        "NOT_HAS_PROPERTY": lambda have: have is None,
        "CONTAINS_TOKEN": lambda have: token in str(have or ""),
        "NOT_CONTAINS_TOKEN": lambda have: token not in str(have or ""),
    }
    test = tests[operator]
    return lambda row: test(held(row))


def _comparable(text: str | None, said: Any) -> Any:
    """Numbers and times by size, texts without regard to capitals."""
    if not text:
        return None
    if said in ("date", "datetime"):
        return milliseconds_of(text)
    if said == "number":
        try:
            return float(text)
        except ValueError:
            return None
    return text.lower()


def _key(types: PropertyTypes, row: Json, name: str) -> tuple[bool, Any, int]:
    """Those without a value come last; equal ones by id."""
    value = _comparable(row["properties"].get(name), types[name])
    return value is None, value if value is not None else 0, int(row["id"])


ENDPOINTS = [Endpoint("POST", "/crm/v3/objects/{kind}/search", search, scope=SCOPE)]
