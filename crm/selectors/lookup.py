"""Finds the record a person means when they type its name: suggestions, then the one that fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Concat, Lower, Trim

from crm.models import Account, Contact, Deal, Lead, OwnedRecord, Product, Workspace
from crm.selectors.search import (
    accounts_search,
    contacts_search,
    deals_search,
    leads_search,
    products_search,
)

SUGGESTIONS = 20
SEPARATOR = " · "
NUMBERED = re.compile(r"#(\d{1,18})$")
Rows = QuerySet[Any]
NOTHING = Q(pk__in=[])
FULL_NAME = Trim(Concat("first_name", Value(" "), "last_name"))


@dataclass(frozen=True)
class Lookup:
    """How one record type is named: `exact` compares without regard to case."""

    model: type[OwnedRecord]
    noun: str
    name: Callable[[Any], str]
    hint: Callable[[Any], str]
    search: Callable[[Rows, str], Rows]
    exact: Callable[[Rows, str], Rows]

    def label(self, record: Any) -> str:
        """`Acme · acme.com`, or the name alone."""
        return SEPARATOR.join(part for part in (self.name(record), self.hint(record)) if part)

    def numbered(self, record: Any) -> str:
        """The label with the record's number, when the label alone means several."""
        return f"{self.label(record)}{SEPARATOR}#{record.pk}"


@dataclass(frozen=True)
class Found:
    """`record` when the text means exactly one, else what it might mean."""

    record: Any | None
    candidates: tuple[Any, ...] = ()


def suggestions(lookup: Lookup, workspace: Workspace, text: str = "") -> list[Any]:
    """A few records found by `text`; without text the ones written last."""
    rows = _live(lookup, workspace).order_by("-updated_at", "-id")
    name = text.split(SEPARATOR)[0].strip()
    return list((lookup.search(rows, name) if name else rows)[:SUGGESTIONS])


def lookup_find(lookup: Lookup, workspace: Workspace, text: str) -> Found:
    """What `text` means: a number (`#12`), a whole label, or a name that only one record has."""
    rows = _live(lookup, workspace)
    numbered = NUMBERED.search(text)
    if numbered:
        return Found(rows.filter(pk=int(numbered[1])).first())
    candidates = _named(lookup, rows, text)
    whole = [row for row in candidates if lookup.label(row).casefold() == text.casefold()]
    # A bare name may be the whole label of one and the name of others: then ask.
    fitting = whole if whole and SEPARATOR in text else candidates
    if len(fitting) == 1:
        return Found(fitting[0])
    return Found(None, tuple(fitting))


def _named(lookup: Lookup, rows: Rows, text: str) -> list[Any]:
    whole = list(lookup.exact(rows, text)[:SUGGESTIONS])
    if whole or SEPARATOR not in text:
        return whole
    return list(lookup.exact(rows, text.split(SEPARATOR)[0])[:SUGGESTIONS])


def _live(lookup: Lookup, workspace: Workspace) -> Rows:
    rows: QuerySet[Model] = lookup.model._default_manager.all()
    return rows.filter(workspace=workspace, archived_at__isnull=True)


def _by_name(rows: Rows, text: str) -> Rows:
    return _where(rows, Lower("name"), text)


def _by_person(rows: Rows, text: str) -> Rows:
    """By e-mail (which has an index) when it looks like one, else by the full name."""
    return _where(rows, Lower("email") if "@" in text else Lower(FULL_NAME), text)


def _by_lead(rows: Rows, text: str) -> Rows:
    """As a person, or by the company of a lead without a person's name."""
    if "@" in text:
        return _by_person(rows, text)
    is_company = Q(first_name="", last_name="", company__iexact=text)
    return _where(rows, Lower(FULL_NAME), text, is_company)


def _where(rows: Rows, expression: Lower, text: str, otherwise: Q = NOTHING) -> Rows:
    """Rows whose expression is the text, without regard to case."""
    found: Rows = rows.alias(wanted=expression).filter(Q(wanted=text.lower()) | otherwise)
    return found


ACCOUNT = Lookup(
    model=Account,
    noun="company",
    name=str,
    hint=lambda account: account.domain or account.city,
    search=accounts_search,
    exact=_by_name,
)
CONTACT = Lookup(
    model=Contact,
    noun="contact",
    name=str,
    hint=lambda contact: contact.email if contact.full_name else "",
    search=contacts_search,
    exact=_by_person,
)
LEAD = Lookup(
    model=Lead,
    noun="lead",
    name=str,
    hint=lambda lead: lead.email or lead.company,
    search=leads_search,
    exact=_by_lead,
)
DEAL = Lookup(
    model=Deal,
    noun="deal",
    name=str,
    hint=lambda deal: "",
    search=deals_search,
    exact=_by_name,
)
PRODUCT = Lookup(
    model=Product,
    noun="product",
    name=str,
    hint=lambda product: f"{product.unit_price:.2f} {product.currency}",
    search=products_search,
    exact=_by_name,
)

LOOKUPS: Mapping[str, Lookup] = {
    "account": ACCOUNT,
    "contact": CONTACT,
    "lead": LEAD,
    "deal": DEAL,
    "product": PRODUCT,
}
