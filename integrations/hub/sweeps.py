"""Rounds that rooms above the hub add to its one-minute tick."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from django.db.models import F
from django.db.models.functions import Now

from integrations.hub.models import FailedRound
from integrations.hub.redaction import redact

logger = logging.getLogger(__name__)

KEPT_MESSAGE = 500

_rounds: dict[str, Callable[[], object]] = {}


def sweep_register(name: str, sweep: Callable[[], object]) -> None:
    """Have the tick call `sweep`; it must be quick and safe to run any number of times."""
    _rounds[name] = sweep


def sweep_forget(name: str) -> None:
    _rounds.pop(name, None)


def sweeps_run(own: Mapping[str, Callable[[], object]] | None = None) -> None:
    """Run the hub's `own`, then all that were added; one that fails keeps no other waiting.

    Its failure is logged, and kept for people to see until it runs through again.
    """
    over: list[str] = []
    rounds = {**(own or {}), **_rounds}
    for name, sweep in rounds.items():
        try:
            sweep()
        except Exception as error:
            logger.exception("sweep %s failed", name)
            _keep(name, error)
        else:
            over.append(name)
    # Also what a room that is no longer there has left.
    FailedRound.objects.exclude(name__in=set(rounds) - set(over)).delete()


def _keep(name: str, error: Exception) -> None:
    said = redact(f"{type(error).__name__}: {error}").replace("\x00", "")[:KEPT_MESSAGE]
    row, is_new = FailedRound.objects.get_or_create(name=name[:60], defaults={"message": said})
    if not is_new:
        FailedRound.objects.filter(pk=row.pk).update(message=said, at=Now(), times=F("times") + 1)
