"""One request on its way through an endpoint, and what an endpoint is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations.hub.sandbox.store import Json
from integrations.stripe.sandbox.books import Books
from integrations.stripe.sandbox.parameters import Parameters


@dataclass(frozen=True)
class Call:
    """The books, the id the path names, and the checked parameters."""

    books: Books
    id: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """`path` has at most one `{id}`; parameters not named here are refused."""

    method: str
    path: str
    run: Callable[[Call], Json]
    parameters: Parameters = field(default_factory=dict)

    def match(self, path: str) -> re.Match[str] | None:
        pattern = re.escape(self.path).replace(r"\{id\}", r"(?P<id>[A-Za-z0-9_\-]+)")
        return re.fullmatch(pattern, path)
