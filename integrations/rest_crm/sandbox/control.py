"""What a person does in this CRM by hand; every edit is told by web-hook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integrations.hub.sandbox.fake import Action, Field, SandboxRefusal
from integrations.hub.sandbox.store import Json
from integrations.hub.sandbox.vendor import Vendor
from integrations.rest_crm.sandbox.books import Books
from integrations.rest_crm.sandbox.errors import ApiError
from integrations.rest_crm.sandbox.schema import SCHEMAS

Values = Mapping[str, str]
NUMBERS = frozenset({"askingPrice", "amount"})
EDITABLE = ("lead", "property")


def actions(vendor: Vendor) -> Mapping[str, Action]:
    """By name; the control API and the page run the same."""

    def bound(run: Callable[[Books, Values], str]) -> Callable[[Values], str]:
        def act(values: Values) -> str:
            with vendor.store.transaction():
                try:
                    return run(Books(vendor), values)
                except ApiError as error:
                    raise SandboxRefusal(str(error)) from error

        return act

    return {
        "lead_new": Action(
            "New lead",
            bound(lead_new),
            (Field("name", "Name"), Field("email", "E-mail"), Field("phone", "Phone")),
            is_general=True,
        ),
        "property_new": Action(
            "New property",
            bound(property_new),
            (Field("name", "Name"), Field("askingPrice", "Price"), Field("city", "City")),
            is_general=True,
        ),
        "edit": Action(
            "Edit a field",
            bound(edit),
            (
                Field("id", "Record id"),
                Field("field", "Field", "status"),
                Field("value", "New value (empty clears)"),
            ),
            is_general=True,
        ),
        "set_status": Action("Set status", bound(set_status)),
        "delete": Action("Delete", bound(delete)),
        "send_unknown_event": Action(
            "Send an event of an unknown type", bound(send_unknown), is_general=True
        ),
        "switch_dialect": Action(
            "Speak in other names (contactName, stage …), or stop", bound(dialect), is_general=True
        ),
        "switch_echo": Action(
            "Tell by web-hook of API calls too, or stop", bound(echo), is_general=True
        ),
    }


# --- Actions ------------------------------------------------------------------------------------


def lead_new(books: Books, values: Values) -> str:
    given = {n: values[n] for n in ("name", "email", "phone", "status") if values.get(n)}
    row = books.create("lead", given)
    return f"Lead {row['id']} was made; {_told(books.tell('lead', row, row, is_new=True))}"


def property_new(books: Books, values: Values) -> str:
    given: Json = {"name": values.get("name", ""), "status": "active"}
    if values.get("askingPrice"):
        given["askingPrice"] = _typed("askingPrice", values["askingPrice"])
    if values.get("city"):
        given["location"] = {"city": values["city"]}
    row = books.create("property", given)
    return f"Property {row['id']} was made; {_told(books.tell('property', row, row, is_new=True))}"


def edit(books: Books, values: Values) -> str:
    """Dots lead inside: location.city, budgetRange.max."""
    kind, row = _found(books, values)
    name, _, part = values.get("field", "").partition(".")
    value: Any = _typed(part or name, values.get("value", ""))
    if name not in SCHEMAS[kind].fields:
        raise SandboxRefusal(f"A {kind} has no field {name!r}.")
    if part:
        inner = row.get(name) or {}
        if not isinstance(inner, dict):
            raise SandboxRefusal(f"{name} has no parts.")
        value = {**inner, part: value}
    after, changed = books.update(kind, row["id"], {name: value})
    return f"{row['id']} was edited; {_told(books.tell(kind, after, changed))}"


def set_status(books: Books, values: Values) -> str:
    return edit(books, {**values, "field": "status"})


def delete(books: Books, values: Values) -> str:
    kind, row = _found(books, values)
    books.delete(kind, row["id"])
    return f"{row['id']} is deleted; this CRM tells nobody of deletions."


def send_unknown(books: Books, _: Values) -> str:
    row = {"id": "crm_invoice_1", "name": "An invoice"}
    hooks = books.rows("webhook")
    for hook in hooks:
        books.post(hook, "invoice.paid", "invoice", row, {})
    return f"invoice.paid was sent to {len(hooks)} addresses."


def dialect(books: Books, _: Values) -> str:
    return "Other names are used now." if books.switch("dialect") else "The usual names again."


def echo(books: Books, _: Values) -> str:
    return "API calls are told too." if books.switch("echo") else "API calls are not told."


def _found(books: Books, values: Values) -> tuple[str, Json]:
    row_id = values.get("id", "").strip()
    for kind in EDITABLE:
        for row in books.rows(kind):
            if row["id"] == row_id:
                return kind, row
    raise SandboxRefusal(f"No lead or property has the id {row_id!r}.")


def _typed(name: str, text: str) -> Any:
    if text == "":
        return None
    if name not in NUMBERS | {"min", "max"}:
        return text
    try:
        return float(text)
    except ValueError as error:
        raise SandboxRefusal(f"{text!r} is no number.") from error


def _told(count: int) -> str:
    return f"{count} web-hooks were sent." if count != 1 else "1 web-hook was sent."
