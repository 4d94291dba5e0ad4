"""What this CRM's pages list, for the control page."""

from __future__ import annotations

from collections.abc import Callable

from integrations.hub.sandbox.fake import Button, Row, Table
from integrations.hub.sandbox.pages import NONE
from integrations.hub.sandbox.store import Json
from integrations.rest_crm.sandbox.books import COLLECTIONS, Books

SHOWN = 25
LEAD_BUTTONS = {"contacted": "Contacted", "won": "Won", "lost": "Lost"}
PROPERTY_BUTTONS = {"active": "Active", "sold": "Sold"}


def tables(books: Books) -> list[Table]:
    return [
        _table(books, "lead", "Leads", "Id,Our id,Name,E-mail,Status,Agent", _lead, LEAD_BUTTONS),
        _table(
            books, "property", "Properties", "Id,Our id,Name,Status", _property, PROPERTY_BUTTONS
        ),
        _table(
            books, "inquiry", "Inquiries", "Id,Lead,Property,Message", _of("lead property message")
        ),
        _table(books, "deal", "Deals", "Id,Lead,Name,Amount", _of("lead name amount")),
        _table(books, "activity", "Activities", "Id,Lead,Kind,At", _of("lead kind at")),
        _table(books, "agent", "Agents", "Id,Name,E-mail", _of("name email")),
        _table(books, "webhook", "Web-hook addresses", "Id,URL,Events", _webhook),
    ]


Cells = Callable[[Json], tuple[str, ...]]


def _table(
    books: Books,
    kind: str,
    title: str,
    columns: str,
    cells: Cells,
    statuses: dict[str, str] | None = None,
) -> Table:
    found = books.rows(kind)[::-1]
    rows = tuple(
        Row(tuple(cell or NONE for cell in cells(row)), _buttons(row, statuses or {}))
        for row in found[:SHOWN]
    )
    return Table(COLLECTIONS[kind], title, tuple(columns.split(",")), rows, len(found))


def _buttons(row: Json, statuses: dict[str, str]) -> tuple[Button, ...]:
    named = {"id": str(row["id"])}
    made = [
        Button("set_status", label, {**named, "value": status})
        for status, label in statuses.items()
        if row.get("status") != status
    ]
    return (*made, Button("delete", "Delete", named)) if statuses else ()


def _of(names: str) -> Cells:
    def cells(row: Json) -> tuple[str, ...]:
        return (row["id"], *(_text(row.get(name)) for name in names.split()))

    return cells


def _lead(row: Json) -> tuple[str, ...]:
    return _of("externalReference name email status assignedAgent")(row)


def _property(row: Json) -> tuple[str, ...]:
    return _of("internalId name status")(row)


def _webhook(row: Json) -> tuple[str, ...]:
    return (row["id"], row["url"], ", ".join(row["events"]))


def _text(value: object) -> str:
    return "" if value is None else str(value)[:120]
