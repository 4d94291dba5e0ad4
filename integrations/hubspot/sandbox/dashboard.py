"""What HubSpot's pages list, for the control page."""

from __future__ import annotations

from integrations.hub.sandbox.fake import Button, Row, Table
from integrations.hub.sandbox.pages import NONE
from integrations.hub.sandbox.store import Json
from integrations.hubspot.sandbox.moments import iso
from integrations.hubspot.sandbox.portal import Portal

SHOWN = 25
COLUMNS: dict[str, tuple[str, ...]] = {
    "contacts": ("firstname", "lastname", "email", "lifecyclestage"),
    "companies": ("name", "domain"),
    "deals": ("dealname", "dealstage", "amount"),
}


def tables(portal: Portal) -> list[Table]:
    return [*(_records(portal, kind) for kind in COLUMNS), _archived(portal), _events(portal)]


def _records(portal: Portal, kind: str) -> Table:
    table = portal.tables[kind]
    newest = [table.rows[str(number)] for number in table.live[: -SHOWN - 1 : -1]]
    columns = ("Id", *(name.capitalize() for name in COLUMNS[kind]), "Changed (UTC)")
    rows = tuple(_record(kind, row) for row in newest)
    return Table(kind, kind.capitalize(), columns, rows, len(table.live))


def _record(kind: str, row: Json) -> Row:
    named = {"kind": kind, "id": row["id"]}
    cells = [row["properties"].get(name) or NONE for name in COLUMNS[kind]]
    buttons = (Button("delete", "Delete", named), Button("erase", "Erase (privacy)", named))
    return Row((row["id"], *cells, row["updatedAt"]), buttons)


def _archived(portal: Portal) -> Table:
    gone = [
        (kind, portal.tables[kind].rows[str(number)])
        for kind in COLUMNS
        for number in portal.tables[kind].archived[: -SHOWN - 1 : -1]
    ]
    rows = tuple(
        Row(
            (kind, row["id"], row.get("mergedInto") or NONE, row["archivedAt"]),
            () if row.get("mergedInto") else (_restore(kind, row),),
        )
        for kind, row in gone
    )
    total = sum(len(portal.tables[kind].archived) for kind in COLUMNS)
    return Table("archived", "Deleted", ("Kind", "Id", "Merged into", "At (UTC)"), rows, total)


def _restore(kind: str, row: Json) -> Button:
    return Button("restore", "Restore", {"kind": kind, "id": row["id"]})


def _events(portal: Portal) -> Table:
    sent = [*portal.announcer.sent]
    rows = tuple(
        Row(
            (
                str(event["eventId"]),
                event["subscriptionType"],
                str(event.get("objectId") or event.get("fromObjectId")),
                str(event.get("propertyName") or NONE),
                iso(event["occurredAt"]),
            )
        )
        for event in sent[: -SHOWN - 1 : -1]
    )
    columns = ("Id", "Type", "Record", "Property", "At (UTC)")
    return Table("events", "Events", columns, rows, len(sent))
