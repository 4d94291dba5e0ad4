"""Records and pages in the shape HubSpot answers with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from integrations.hubspot.sandbox import catalog
from integrations.hubspot.sandbox.call import Call
from integrations.hubspot.sandbox.links import LINK_TYPES, PRIMARY, LinkType
from integrations.hubspot.sandbox.moments import iso, now_ms

Json = dict[str, Any]
BASE = "https://api.hubapi.com"


def record(call: Call, kind: str, row: Json, wanted: Sequence[str] = ()) -> Json:
    """With the asked-for properties and those that always come; null for one without a value."""
    defaults = catalog.DEFAULTS.get(kind, catalog.ENGAGEMENT_DEFAULTS)
    always = ("createdate", "hs_object_id", catalog.MODIFIED[kind])
    known = call.portal.types(kind)
    names = [*dict.fromkeys((*wanted, *always))] if wanted else list(defaults)
    shown = {
        "id": row["id"],
        "properties": {name: row["properties"].get(name) for name in names if name in known},
        "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"],
        "archived": row["archived"],
    }
    return shown | {"archivedAt": row["archivedAt"]} if row["archived"] else shown


def written(call: Call, kind: str, row: Json) -> Json:
    """As a write answers: every property that has a value."""
    return record(call, kind, row, list(row["properties"]))


def with_links(call: Call, kind: str, row: Json, shown: Json) -> Json:
    """Associated ids, as far as asked for."""
    found: Json = {}
    for name in call.listed("associations"):
        to, _ = call.portal.table(name)
        ends = call.portal.links.of(kind, row["id"], to)
        if ends:
            word = f"{catalog.KINDS[kind][1]}_to_{catalog.KINDS[to][1]}"
            has_primary = len(LINK_TYPES[kind, to]) > 1
            found[to] = {
                "results": [
                    {"id": end, "type": said}
                    for end, types in ends.items()
                    for said in _said_types(word, types, has_primary)
                ]
            }
    return shown | {"associations": found} if found else shown


def _said_types(word: str, types: set[LinkType], has_primary: bool) -> list[str]:
    """Where one of a pair can be the primary one, the plain type is called unlabelled."""
    if not has_primary:
        return [word]
    is_primary = any(number in PRIMARY for _, number in types)
    return [word, f"{word}_unlabeled"] if is_primary else [f"{word}_unlabeled"]


def page(call: Call, results: list[Json], following: str | int | None) -> Json:
    """`paging` is there when there is more."""
    answer: Json = {"results": results}
    if following is not None:
        after = str(following)
        query = {**dict(parse_qsl(call.request.query)), "after": after}
        link = f"{BASE}{call.request.path}?{urlencode(query)}"
        answer["paging"] = {"next": {"after": after, "link": link}}
    return answer


def batch(results: list[Json], errors: list[Json]) -> Json:
    moment = iso(now_ms())
    answer: Json = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": moment,
        "completedAt": moment,
    }
    return answer | {"numErrors": len(errors), "errors": errors} if errors else answer
