"""Counts what the CRM itself asks the database."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def queries_of(work: Callable[[], object]) -> int:
    """How many the work asks; who listens to changes asks for himself."""
    with CaptureQueriesContext(connection) as captured:
        work()
    asked = (query["sql"] for query in captured.captured_queries)
    return sum(re.search(r"\bhub_\w+", sql) is None for sql in asked)
