"""Finds records by the words a person types, through the word indexes of crm.models.search."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Reverse

from crm.models import Account, Contact, Deal, Lead, Product, Task
from crm.models.search import (
    ACCOUNT_WORDS,
    CONTACT_WORDS,
    DEAL_WORDS,
    LEAD_WORDS,
    PRODUCT_WORDS,
    TASK_WORDS,
    SearchWords,
)

WORDS_MAX = 6
PHONE = re.compile(r"[+(]?[\d\s().\-/]{6,24}")
SHORTEST_PHONE = 6
# The marks that SearchWords parts words at.
_BETWEEN = re.compile(r"[\s@.\-_/]+")

WORDS: Mapping[type[Model], tuple[str, ...]] = {
    Account: ACCOUNT_WORDS,
    Contact: CONTACT_WORDS,
    Deal: DEAL_WORDS,
    Lead: LEAD_WORDS,
    Product: PRODUCT_WORDS,
    Task: TASK_WORDS,
}


def contacts_search(rows: QuerySet[Contact], text: str) -> QuerySet[Contact]:
    """Each word begins one of the name, the e-mail address or the company; or it is the phone."""
    digits = phone_digits(text)
    if digits:
        return _by_phone(rows, digits, "phone", "mobile")
    return _search(rows, text, links={"account": Account})


def accounts_search(rows: QuerySet[Account], text: str) -> QuerySet[Account]:
    """Each word begins one of the name or the domain; or it is the phone."""
    digits = phone_digits(text)
    return _by_phone(rows, digits, "phone") if digits else _search(rows, text)


def leads_search(rows: QuerySet[Lead], text: str) -> QuerySet[Lead]:
    """Each word begins one of the name, the company or the e-mail address; or it is the phone."""
    digits = phone_digits(text)
    return _by_phone(rows, digits, "phone") if digits else _search(rows, text)


def deals_search(rows: QuerySet[Deal], text: str) -> QuerySet[Deal]:
    """Each word begins one of the deal's name or its company's."""
    return _search(rows, text, links={"account": Account})


def products_search(rows: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Each word begins one of the product's name."""
    return _search(rows, text)


def tasks_search(rows: QuerySet[Task], text: str) -> QuerySet[Task]:
    """Each word begins one of the task's title."""
    return _search(rows, text)


def phone_digits(text: str) -> str:
    """What a stored number ends with when the text is one, however it was written."""
    if not PHONE.fullmatch(text.strip()):
        return ""
    digits = re.sub(r"\D", "", text).lstrip("0")
    return digits if len(digits) >= SHORTEST_PHONE else ""


def _by_phone(rows: QuerySet[Any], digits: str, *columns: str) -> QuerySet[Any]:
    """Rows where a column ends with the digits, read backwards by its index."""
    for column in columns:
        rows = rows.alias(**{f"{column}_reversed": Reverse(column)})
    ends = [Q(**{f"{column}_reversed__startswith": digits[::-1]}) for column in columns]
    return rows.filter(reduce(or_, ends))


def _search(
    rows: QuerySet[Any], text: str, *, links: Mapping[str, type[Model]] | None = None
) -> QuerySet[Any]:
    """Rows where every word is found, in the row's own words or in a linked record's."""
    for word in _words(text):
        query = SearchQuery(f"'{word}':*", config="simple", search_type="raw")
        found = _with_word(rows.model, query).values("pk")
        others = [
            rows.model._default_manager.filter(**{f"{link}__in": _with_word(model, query)})
            for link, model in (links or {}).items()
        ]
        # A union of ids lets each part use its index, which an OR over a join would not.
        rows = rows.filter(pk__in=found.union(*(other.values("pk") for other in others)))
    return rows


def _with_word(model: type[Model], query: SearchQuery) -> QuerySet[Any]:
    return model._default_manager.alias(words=SearchWords(*WORDS[model])).filter(words=query)


def _words(text: str) -> Sequence[str]:
    """The text's words, quoted for a query; what has no letter or digit is no word."""
    parts = _BETWEEN.split(text.replace("\x00", ""))
    words = [part for part in parts if any(letter.isalnum() for letter in part)]
    return [word.replace("\\", "").replace("'", "''") for word in words[:WORDS_MAX]]
