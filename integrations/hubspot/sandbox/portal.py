"""One portal's records and links: in memory for speed, written through to the frame's store."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.hub.sandbox.vendor import Vendor
from integrations.hubspot.sandbox import catalog
from integrations.hubspot.sandbox.announcing import Announcer
from integrations.hubspot.sandbox.checking import deal_facts, lifecycle_kept, values_checked
from integrations.hubspot.sandbox.errors import (
    CONFLICT,
    ApiError,
    not_found,
    properties_invalid,
    property_error,
)
from integrations.hubspot.sandbox.links import LinkStore
from integrations.hubspot.sandbox.moments import DAY_MS, iso, now_ms
from integrations.hubspot.sandbox.own_properties import OwnProperties
from integrations.hubspot.sandbox.table import ObjectTable

Json = dict[str, Any]
STATE = "_portal"
FIRST_ID = 1001


@dataclass
class Switches:
    """What the control page sets: how the portal behaves until it is reset.

    `frozen_at` is the time all changes are given; `refuses_whole_batches`: one wrong row, and no
    row of a batch is taken.
    """

    merges_make_new_ids: bool = False
    refuses_whole_batches: bool = False
    search_cap: int = catalog.SEARCH_CAP
    frozen_at: int | None = None


class Portal:
    """Reads are dictionary look-ups; a reset by the frame is noticed by the lost state row."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.tables: dict[str, ObjectTable] = {}
        self.links = LinkStore(vendor)
        self.announcer = Announcer(vendor)
        self.own = OwnProperties(vendor)
        self.switches = Switches()
        self._types: dict[str, catalog.PropertyTypes] = {}
        self._epoch = ""
        self._next_id = FIRST_ID

    def refresh(self) -> bool:
        """Called before any work: loads the store's rows when they are not those in memory.

        Whether it had to.
        """
        state = self.vendor.collection(STATE).get("state")
        if state is None:
            state = {"id": "state", "epoch": uuid.uuid4().hex}
            self.vendor.collection(STATE).put("state", state)
        if state["epoch"] == self._epoch:
            return False
        self._load()
        self._epoch = state["epoch"]
        return True

    def _load(self) -> None:
        self.own.load()
        self._types.clear()
        self.tables = {
            kind: ObjectTable((*catalog.UNIQUE.get(kind, ()), *self.own.unique(kind)))
            for kind in catalog.KINDS
        }
        self.links.load()
        self.announcer.forget()
        self.switches = Switches()
        self._next_id = FIRST_ID
        now = now_ms()
        for kind, table in self.tables.items():
            for row in self.vendor.collection(kind).newest_first():
                table.put(row, now)
                self._next_id = max(self._next_id, int(row["id"]) + 1)

    def table(self, name: str) -> tuple[str, ObjectTable]:
        """Of a kind called by name, id or in the singular."""
        kind = catalog.kind_of(name)
        if kind is None:
            raise ApiError(400, f"Unable to infer object type from: {name}")
        return kind, self.tables[kind]

    def now(self) -> int:
        """The time that a change is given, in milliseconds."""
        frozen = self.switches.frozen_at
        return now_ms() if frozen is None else frozen

    # --- Properties -----------------------------------------------------------------------------

    def types(self, kind: str) -> catalog.PropertyTypes:
        """HubSpot's own properties and those made in this portal."""
        if kind not in self._types:
            self._types[kind] = {**catalog.property_types(kind), **self.own.types(kind)}
        return self._types[kind]

    def definitions(self, kind: str) -> list[Json]:
        return [*catalog.property_definitions(kind), *self.own.of(kind).values()]

    def property_make(self, kind: str, given: Any) -> Json:
        definition = self.own.make(kind, given)
        self._types.pop(kind, None)
        if definition["hasUniqueValue"]:
            self.tables[kind].unique[definition["name"]] = {}
        return definition

    # --- Finding --------------------------------------------------------------------------------

    def find(
        self, kind: str, identifier: str, *, id_property: str = "", is_archived: bool = False
    ) -> Json:
        """Live records only unless archived ones are asked for; raises 404."""
        row = self.seek(kind, identifier, id_property)
        if row is None or bool(row["archived"]) != is_archived:
            raise not_found()
        return row

    def seek(self, kind: str, identifier: str, id_property: str = "") -> Json | None:
        table = self.tables[kind]
        if not id_property or id_property == "hs_object_id":
            return table.get(identifier)
        if id_property not in table.unique:
            raise ApiError(
                400, f"Property {id_property} is not a unique property of {kind}.", errors=[]
            )
        return table.by_unique(id_property, identifier)

    # --- Writing --------------------------------------------------------------------------------

    def create_check(self, kind: str, given: Any) -> dict[str, str]:
        """The values a new record would have; raises 400 and 409."""
        checked = values_checked(self.types(kind), given)
        values = {name: value for name, value in checked.items() if value}
        missing = [name for name in catalog.REQUIRED.get(kind, ()) if name not in values]
        if missing:
            raise properties_invalid(
                [property_error(n, "REQUIRED", f"{n} is required.") for n in missing]
            )
        self._check_unique(kind, values)
        return values

    def create(self, kind: str, given: Any, *, source: str) -> Json:
        values = self.create_check(kind, given)
        row = self._new(kind, values)
        self._keep(kind, row)
        self.announcer.created(kind, row, values, source=source)
        return row

    def change_check(self, kind: str, row: Json, given: Any) -> dict[str, str]:
        """The values that would be written; raises 400 and 409."""
        values = lifecycle_kept(row["properties"], values_checked(self.types(kind), given))
        self._check_unique(kind, values, row["id"])
        return values

    def change(self, kind: str, row: Json, given: Any, *, source: str) -> Json:
        """The record afterwards; one whose values all stay is left as it is."""
        values = self.change_check(kind, row, given)
        changed = {n: v for n, v in values.items() if (row["properties"].get(n) or "") != v}
        if not changed:
            return row
        now = self.now()
        properties = {**row["properties"], **changed, catalog.MODIFIED[kind]: iso(now)}
        kept = {name: value for name, value in properties.items() if value}
        after = {**row, "properties": kept, "updatedAt": iso(now), "modified": now}
        if kind == "deals":
            after["properties"] |= deal_facts(kept)
        self._keep(kind, after)
        self.announcer.changed(kind, after, changed, source=source)
        return after

    def archive(self, kind: str, row: Json, *, source: str, is_told: bool = True) -> Json:
        now = self.now()
        gone = {**row, "archived": True, "archivedAt": iso(now), "updatedAt": iso(now)}
        self._keep(kind, gone)
        self.links.drop(kind, row["id"])
        if is_told:
            self.announcer.deleted(kind, row["id"], source=source)
        return gone

    def restore(self, kind: str, row: Json, *, source: str) -> Json:
        self._check_unique(kind, row["properties"], row["id"])
        now = self.now()
        back = {**row, "archived": False, "updatedAt": iso(now), "modified": now}
        back.pop("archivedAt", None)
        back["properties"] = {**row["properties"], catalog.MODIFIED[kind]: iso(now)}
        self._keep(kind, back)
        self.announcer.restored(kind, row["id"], source=source)
        return back

    def erase(self, kind: str, row: Json, *, source: str) -> None:
        """For good: the deletion and the privacy deletion are both told."""
        self.tables[kind].erase(row, now_ms())
        self.links.drop(kind, row["id"])
        self.vendor.collection(kind).delete(row["id"])
        self.announcer.deleted(kind, row["id"], source=source, is_private=True)

    def merge(self, kind: str, primary: Json, other: Json, *, source: str) -> Json:
        """The primary's values win, the other's fill its gaps; the id stays, or is a new one."""
        if primary["id"] == other["id"]:
            raise ApiError(400, f"Cannot merge an object with itself: {primary['id']}")
        moved = {
            name: value
            for name, value in other["properties"].items()
            if name not in primary["properties"]
        }
        olds = [primary, other] if self.switches.merges_make_new_ids else [other]
        for old in olds:
            self._keep(kind, {**old, "archived": True, "archivedAt": iso(self.now())})
        target = self._merged(kind, primary, moved, other)
        for old in olds:
            gone = self.tables[kind].rows[old["id"]]
            self._keep(kind, {**gone, "mergedInto": target["id"]})
            self.links.move(kind, old["id"], target["id"])
        self.announcer.merged(
            kind, primary["id"], other["id"], target["id"], len(moved), source=source
        )
        return target

    def _merged(self, kind: str, primary: Json, moved: Mapping[str, str], other: Json) -> Json:
        now = self.now()
        values = {**moved, **primary["properties"]}
        olds = [primary, other] if self.switches.merges_make_new_ids else [other]
        values["hs_merged_object_ids"] = _merged_ids(primary, other, olds)
        if self.switches.merges_make_new_ids:
            row = self._new(kind, values)
        else:
            values[catalog.MODIFIED[kind]] = iso(now)
            row = {**primary, "properties": values, "updatedAt": iso(now), "modified": now}
        self._keep(kind, row)
        return row

    def seed(self, kind: str, rows: list[dict[str, str]]) -> None:
        """Many records that were there yesterday: no web-hook tells of them."""
        began = self.now() - DAY_MS
        for number, values in enumerate(rows):
            self._keep(kind, self._new(kind, values, at=began + number))

    # --- Rows -----------------------------------------------------------------------------------

    def _new(self, kind: str, values: Mapping[str, str], *, at: int | None = None) -> Json:
        now = self.now() if at is None else at
        identifier = str(self._next_id)
        self._next_id += 1
        created = "createdate" if kind in catalog.DEFAULTS else "hs_createdate"
        properties = {
            **values,
            created: values.get(created) or iso(now),
            catalog.MODIFIED[kind]: iso(now),
            "hs_lastmodifieddate": iso(now),
            "hs_object_id": identifier,
        }
        if kind == "deals":
            properties |= deal_facts(properties)
        return {
            "id": identifier,
            "properties": properties,
            "createdAt": iso(now),
            "updatedAt": iso(now),
            "archived": False,
            "modified": now,
        }

    def _keep(self, kind: str, row: Json) -> None:
        if kind == "contacts":
            modified = row["properties"]["lastmodifieddate"]
            row = {**row, "properties": {**row["properties"], "hs_lastmodifieddate": modified}}
        self.tables[kind].put(row, now_ms())
        self.vendor.collection(kind).put(row["id"], row)

    def _check_unique(self, kind: str, values: Mapping[str, str], own_id: str = "") -> None:
        for name in self.tables[kind].unique:
            value = values.get(name)
            there = self.tables[kind].by_unique(name, value) if value else None
            if there is not None and there["id"] != own_id:
                what = catalog.KINDS[kind][1].capitalize()
                raise ApiError(409, f"{what} already exists. Existing ID: {there['id']}", CONFLICT)


def _merged_ids(primary: Json, other: Json, olds: list[Json]) -> str:
    """All that ever went into the one record, whichever way."""
    before = [
        part
        for row in (primary, other)
        for part in row["properties"].get("hs_merged_object_ids", "").split(";")
        if part
    ]
    return ";".join(dict.fromkeys([*before, *(row["id"] for row in olds)]))
