"""Rounds that rooms above the hub add to its one-minute tick."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

_rounds: dict[str, Callable[[], object]] = {}


def sweep_register(name: str, sweep: Callable[[], object]) -> None:
    """Have the tick call `sweep`; it must be quick and safe to run any number of times."""
    _rounds[name] = sweep


def sweeps_run() -> None:
    """Run all of them; one that fails is logged and does not keep the others waiting."""
    for name, sweep in _rounds.items():
        try:
            sweep()
        except Exception:
            logger.exception("sweep %s failed", name)
