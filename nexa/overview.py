"""The console's first page: what needs a person, what the engine did, and whether it lives."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from imports.selectors import imports_at_work
from integrations.hub import disk, registry
from integrations.hub import overview as hub
from integrations.hub.models import BreakerState, ConnectionState, RunStatus, SyncRun
from integrations.hub.selectors import STUCK_SECONDS, hub_health
from integrations.hub.trends import Spark, sparks
from integrations.hub.types import HubHealth
from integrations.hub.vitals import Vitals, vitals
from integrations.hub.words import age_words
from nexa.overview_chart import traffic_chart

TONES = {
    RunStatus.SUCCESS: "ok",
    RunStatus.RUNNING: "ok",
    RunStatus.PARTIAL: "warn",
    RunStatus.HELD: "warn",
    RunStatus.CANCELLED: "warn",
    RunStatus.FAILED: "err",
}

ADVICE = {
    "transient": "The vendor was in trouble for long. Retry once it is well again.",
    "forbidden": "Give the key the missing rights at the vendor, then retry.",
    "not_found": "The record is gone at the vendor. Retry to make it anew, or give up.",
    "invalid": "Mend the record as the error says, then retry.",
    "auth": "Replace the connection's credentials, then retry.",
    "crashes_worker": "It took several workers down. Report it before you retry.",
    "bug": "An error of ours. Report it with the traceback, then retry after an update.",
}
READ_IT = "Read the error on its page, then retry or give up."


@dataclass(frozen=True)
class Figure:
    """One large number with where it leads; `tone` colours it when it is bad."""

    label: str
    value: int
    note: str
    url: str
    tone: str = ""


@dataclass(frozen=True)
class Block:
    """One run in the strip."""

    url: str
    tone: str
    words: str


@dataclass(frozen=True)
class DeadLine:
    """One dead row in the table, with what to do about it."""

    row: hub.DeadRow
    url: str
    advice: str


@dataclass(frozen=True)
class VitalLine:
    """One connection in the table, in words."""

    vitals: Vitals
    url: str
    provider: str
    tone: str
    state: str
    spark: Spark | None


@dataclass(frozen=True)
class Sign:
    """One line of the liveness list."""

    label: str
    words: str
    tone: str = ""


def may_see(request: HttpRequest) -> bool:
    """Whoever may look at jobs; staff with narrower rights get the list of their pages only."""
    return bool(request.user.has_perm("hub.view_syncjob"))


def overview() -> dict[str, object]:
    """The context of the page; a fixed number of queries, whatever the tables hold."""
    health, hours, dead = hub_health(), hub.traffic(), hub.oldest_dead()
    connections = hub.connection_counts()
    return {
        "figures": [
            _attention(connections),
            _due(health),
            _dead(health),
            _received(hours),
        ],
        "has_connections": connections.open > 0,
        "chart": traffic_chart(hours, _chart_words(hours)),
        "blocks": [_block(run) for run in hub.runs_of_all()],
        "vitals": _vital_lines(),
        "dead_lines": [_dead_line(row) for row in dead],
        "dead_total": health.dead_jobs + health.dead_events,
        "signs": [
            *_signs_of_parts(),
            _sign_of_work(health),
            _sign_of_imports(),
            *_signs_of_disks(),
        ],
    }


def _attention(counts: hub.ConnectionCounts) -> Figure:
    note = f"of {_number(counts.open, 'connection')}" if counts.open else "Nothing is connected yet"
    return Figure(
        label="Connections that need attention",
        value=counts.needing_attention,
        note=note,
        url=_list("hub_connection", "attention=yes" if counts.needing_attention else ""),
        tone="err" if counts.needing_attention else "",
    )


def _due(health: HubHealth) -> Figure:
    due = health.due_jobs + health.due_events
    lag = age_words(health.oldest_due_seconds)
    is_late = due and health.oldest_due_seconds > STUCK_SECONDS
    return Figure(
        label="Work due now",
        value=due,
        note=f"the oldest for {lag}" if due else "Nothing waits for a worker",
        url=_list("hub_syncjob", "state__exact=ready")
        if health.due_jobs or not due
        else _list("hub_inboxevent", "state__exact=received"),
        tone="warn" if is_late else "",
    )


def _dead(health: HubHealth) -> Figure:
    dead = health.dead_jobs + health.dead_events
    parts = f"{_number(health.dead_jobs, 'job')}, {_number(health.dead_events, 'event')}"
    model = "hub_inboxevent" if health.dead_events and not health.dead_jobs else "hub_syncjob"
    return Figure(
        label="Dead letters",
        value=dead,
        note=f"{parts}: retry or give up" if dead else "Nothing waits for a person",
        url=_list(model, "state__exact=dead"),
        tone="err" if dead else "",
    )


def _received(hours: list[hub.HourOfTraffic]) -> Figure:
    tries, failed = sum(one.tries for one in hours), sum(one.failed for one in hours)
    return Figure(
        label="Events received in 24 hours",
        value=sum(one.events for one in hours),
        note=f"and {_number(tries, 'try', 'tries')} of jobs, {failed} without success",
        url=_list("hub_inboxevent"),
    )


def _chart_words(hours: list[hub.HourOfTraffic]) -> str:
    """The chart in one sentence, for those who do not see it."""
    events, tries = sum(one.events for one in hours), sum(one.tries for one in hours)
    failed = sum(one.failed for one in hours)
    return (
        f"Over 24 hours {_number(events, 'event')} came in and "
        f"{_number(tries, 'try', 'tries')} of jobs were made, {failed} of them without success."
    )


def _block(run: SyncRun) -> Block:
    counts = {"done": run.synced, "failed": run.failed, "with nothing to do": run.skipped}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing done"
    words = (
        f"{run.connection}: {run.get_kind_display()}, {run.get_status_display().lower()}, "
        f"{told}, {run.started_at:%d %b %H:%M:%S}"
    )
    return Block(_page("hub_syncrun", run.pk), TONES[RunStatus(run.status)], words)


def _dead_line(row: hub.DeadRow) -> DeadLine:
    model = "hub_syncjob" if row.kind == "job" else "hub_inboxevent"
    return DeadLine(row, _page(model, row.pk), ADVICE.get(row.reason.partition(":")[0], READ_IT))


def _vital_lines() -> list[VitalLine]:
    rows = vitals()
    drawn = sparks([one.pk for one in rows])
    return [_vital_line(one, drawn.get(one.pk)) for one in rows]


def _vital_line(one: Vitals, spark: Spark | None) -> VitalLine:
    provider = registry.find(one.provider)
    return VitalLine(
        vitals=one,
        url=_page("hub_connection", one.pk),
        provider=provider.name if provider else one.provider,
        tone="ok" if one.is_well else "err" if one.state == "auth_failed" or one.dead else "warn",
        state=_state_words(one),
        spark=spark,
    )


def _state_words(one: Vitals) -> str:
    """What is the matter, in a word; the connection's page has the sentence."""
    if one.state == ConnectionState.ACTIVE and one.breaker == BreakerState.OPEN:
        return "Vendor in trouble"
    return str(ConnectionState(one.state).label)


def _signs_of_parts() -> list[Sign]:
    """Who did something when; the engine's parts say so themselves."""
    known = {beat.name: beat for beat in hub.heartbeats()}
    signs = []
    for name, label in (("tick", "Scheduler"), ("pump", "Workers")):
        beat = known.get(name)
        if beat is None:
            signs.append(Sign(label, "No sign of life yet: start the cluster (qcluster)", "err"))
            continue
        is_late = beat.seconds_ago > STUCK_SECONDS and name == "tick"
        words = f"{age_words(beat.seconds_ago)} ago by {beat.process or 'an unnamed process'}"
        signs.append(Sign(label, words, "err" if is_late else "ok"))
    return signs


def _sign_of_work(health: HubHealth) -> Sign:
    is_bad = health.is_stuck or health.troubles
    return Sign("Queue", health.message, "err" if is_bad else "ok")


def _sign_of_imports() -> Sign:
    running = imports_at_work()
    return Sign("Imports", f"{running} at work" if running else "None at work", "ok")


def _signs_of_disks() -> list[Sign]:
    return [Sign("Disk", one.words, "err" if one.is_short else "ok") for one in disk.disks()]


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _list(model: str, query: str = "") -> str:
    address = reverse(f"admin:{model}_changelist")
    return f"{address}?{query}" if query else address


def _page(model: str, pk: int) -> str:
    return reverse(f"admin:{model}_change", args=[pk])
