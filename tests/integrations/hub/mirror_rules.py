"""What kind of vendor the mirror's is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass
class Rules:
    """What kind of vendor it is; a test switches what it needs at any time.

    Where it `merges_anew`, two that are merged become a third one with a new id.
    `normalised` spells a field's values as the vendor keeps them. `lag` is how late changes show in
    listings; `resolution` what its times are rounded down to; `offset` how wrong its clock is.
    """

    is_guarded: bool = False
    has_markers: bool = True
    has_versions: bool = True
    has_times: bool = True
    is_idempotent: bool = False
    is_unique: bool = True
    tells_existing_id: bool = True
    lists_deleted: bool = True
    lists_gone_as_alive: bool = False
    answers_merged: bool = True
    merges_anew: bool = False
    page_size: int = 100
    normalised: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    lag: timedelta = timedelta(0)
    resolution: timedelta = timedelta(milliseconds=1)
    offset: timedelta = timedelta(0)
