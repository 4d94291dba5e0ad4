"""Reads what one commit of a listing holds, and takes it over."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from crm.collector import collector_resting
from integrations.hub.errors import Rejected
from integrations.hub.faults import fault
from integrations.hub.http import recording
from integrations.hub.models import SyncRun
from integrations.hub.streams import Json, Page, PullRequest
from integrations.hub.sync import ending, guards
from integrations.hub.sync.counting import run_count
from integrations.hub.sync.gathering import Gathered, gathered
from integrations.hub.sync.leasing import Held, renew
from integrations.hub.sync.page import Counts
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.scene import Scene


@collector_resting()
def pages_take(held: Held, scene: Scene, run: SyncRun, *, enough: int, until: float) -> Counts:
    """Read some records, a page at least, and take them over with the cursor, in one commit."""
    cursor: dict[str, Any] = held.state.run_cursor or {}
    with recording(lambda: renew(held)) as exchanges:
        read = partial(_asked, held, scene, cursor["since"])
        found = gathered(read, cursor["page"], enough=enough, until=until)
    counts = Counts()
    if found.pages:
        # A call that failed says nothing of the vendor's health that `held` should count.
        held.requests += len(exchanges)
        counts = _stored(held, scene, run, found, requests=len(exchanges))
    if found.error is not None:
        _cursor_check(held, found.error)
        raise found.error
    return counts


def _stored(held: Held, scene: Scene, run: SyncRun, found: Gathered, *, requests: int) -> Counts:
    cursor: dict[str, Any] = held.state.run_cursor or {}
    counts = Counts()
    with transaction.atomic():
        if found.records:
            counts = page_apply(
                scene, found.records, read_at=found.began_at, asked_at=found.asked_at
            )
        fault("pull.before_cursor")
        next_cursor = {**cursor, "page": found.cursor, "newest": _newest(cursor, found)}
        if found.cursor is None:
            next_cursor |= ending.begun(scene, cursor)
        # What went wrong before is over: a long listing may meet more than one hiccup.
        held.write(run_cursor=next_cursor, error_count=0)
        run_count(run, counts, requests=requests)
    # Mostly a run overwrites nothing, nor did it before it was cut off.
    if counts.updated or run.updated:
        guards.overwrites_check(scene, run)
    return counts


def _asked(held: Held, scene: Scene, since: str | None, cursor: Json | None) -> Page:
    """One page of the vendor's."""
    pull = scene.stream.pull
    if pull is None:
        return Page(())
    at = datetime.fromisoformat(since) if since else None
    return pull(held.state.connection, PullRequest(scene.externals, at, cursor))


def _cursor_check(held: Held, error: Exception) -> None:
    """A cursor that the vendor no longer knows begins the run anew."""
    cursor: dict[str, Any] = held.state.run_cursor or {}
    if isinstance(error, Rejected) and cursor["page"] is not None:
        held.write(run_cursor={**cursor, "page": None})


def _newest(cursor: dict[str, Any], found: Gathered) -> str | None:
    times = [one.modified_at for one in found.records if one.modified_at is not None]
    if cursor["newest"]:
        times.append(datetime.fromisoformat(cursor["newest"]))
    return max(times).isoformat() if times else None
