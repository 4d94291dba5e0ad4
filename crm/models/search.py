"""Words of a record's text fields, as PostgreSQL's full-text search has them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db.models import Func
from django.db.models.functions import Reverse


class SearchWords(Func):
    """The words of text columns that are never null; marks inside addresses part words.

    An index and a query must have the same columns in the same order to meet.
    """

    template = "to_tsvector('simple', translate(%(expressions)s, '@.-_/', '     '))"
    arg_joiner = " || ' ' || "

    def __init__(self, *expressions: Any, **extra: Any) -> None:
        extra.setdefault("output_field", SearchVectorField())
        super().__init__(*expressions, **extra)


def phone_end(column: str) -> OpClass:
    """A phone number from its end, as an index has it: people leave out what stands before."""
    return OpClass(Reverse(column), name="text_pattern_ops")


ACCOUNT_WORDS = ("name", "domain")
CONTACT_WORDS = ("first_name", "last_name", "email")
DEAL_WORDS = ("name",)
LEAD_WORDS = ("first_name", "last_name", "company", "email")
PRODUCT_WORDS = ("name",)
TASK_WORDS = ("title",)
