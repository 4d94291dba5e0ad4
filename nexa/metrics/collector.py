"""Reads all measures from the database when it is asked, so any web process gives the same answer.

A fixed number of statements, however many connections there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from integrations.hub import measures
from integrations.hub.measures import ConnectionMeasures
from integrations.hub.overview import heartbeats
from integrations.hub.vitals import budgets_used
from nexa import VERSION
from nexa.metrics.gauges import CONNECTION_LABELS, gauge, labels_of

# What the engine calls its parts, and what operators do.
PARTS: Final = {"pump": "workers", "tick": "scheduler"}

Connections = dict[int, ConnectionMeasures]

# Name, help, a label of its own, and for each of that label's values the number.
OF_CONNECTIONS: Final[
    tuple[tuple[str, str, str, Callable[[ConnectionMeasures], dict[str, float]]], ...]
] = (
    (
        "connection_state",
        "1 with the state of each connection that is not disconnected.",
        "state",
        lambda one: {one.state: 1},
    ),
    (
        "gate_seconds",
        "Seconds until the connection may call its vendor again, and why it may not now.",
        "reason",
        lambda one: {one.gate_reason: one.gate_seconds},
    ),
    (
        "inbox_events",
        "Events received that wait for a worker, or that were given up (dead).",
        "state",
        lambda one: {"waiting": one.events_waiting, "dead": one.events_dead},
    ),
    (
        "links",
        "Pairs of a record here and one at the vendor.",
        "state",
        lambda one: {
            "active": one.links_active,
            "quarantined": one.links_quarantined,
            "tombstone": one.links_tombstones,
        },
    ),
)
PLAIN_OF_CONNECTIONS: Final[tuple[tuple[str, str, Callable[[ConnectionMeasures], float]], ...]] = (
    (
        "breaker_open",
        "1 while calls are held back because the vendor is in trouble.",
        lambda one: one.is_breaker_open,
    ),
    (
        "conflicts_open",
        "Fields that both sides changed and a person has to decide.",
        lambda one: one.conflicts,
    ),
    (
        "conflicts_in_doubt",
        "Open conflicts whose value there may be a write of ours that was never answered.",
        lambda one: one.conflicts_in_doubt,
    ),
    (
        "quarantined_items",
        "Records that could not be taken over or sent, set aside with their reason.",
        lambda one: one.quarantined,
    ),
)


class HubCollector(Collector):
    """Everything `/metrics` says."""

    def collect(self) -> Iterator[GaugeMetricFamily | InfoMetricFamily]:
        connections = {one.pk: one for one in measures.connection_measures()}
        yield InfoMetricFamily("nexa", "The version that runs.", value={"version": VERSION})
        yield from _of_engine()
        yield from _of_connections(connections)
        yield _budgets(connections)
        yield from _of_jobs(connections)
        yield from _of_tries(connections)
        yield from _of_streams(connections)


def _of_engine() -> Iterator[GaugeMetricFamily]:
    beats = {one.name: one.seconds_ago for one in heartbeats()}
    yield gauge(
        "heartbeat_age_seconds",
        "Since scheduler and workers last did something; workers without work do nothing.",
        ("part",),
        [((words,), beats.get(name)) for name, words in PARTS.items()],
    )
    inbound = measures.inbound_measures()
    yield gauge(
        "inbound_records",
        "Records that pulls and web-hooks brought, in runs begun in the last hour.",
        (),
        [((), inbound.records)],
    )
    yield gauge(
        "echo_ratio",
        "Share of these that wrote nothing here; missing when there were none.",
        (),
        [((), inbound.echoes / inbound.records if inbound.records else None)],
    )


def _of_connections(connections: Connections) -> Iterator[GaugeMetricFamily]:
    rows = [(labels_of(one), one) for one in connections.values()]
    for name, words, plain in PLAIN_OF_CONNECTIONS:
        samples = [(labels, plain(one)) for labels, one in rows]
        yield gauge(name, words, CONNECTION_LABELS, samples)
    for name, words, label, counted in OF_CONNECTIONS:
        parted = [
            ((*labels, value), number)
            for labels, one in rows
            for value, number in counted(one).items()
        ]
        yield gauge(name, words, (*CONNECTION_LABELS, label), parted)


def _budgets(connections: Connections) -> GaugeMetricFamily:
    used = budgets_used(list(connections))
    return gauge(
        "api_budget_used_ratio",
        "How much of the vendor's tightest limit is in use at this moment.",
        CONNECTION_LABELS,
        [(labels_of(one), used.get(pk, 0) / 100) for pk, one in connections.items()],
    )


def _of_jobs(connections: Connections) -> Iterator[GaugeMetricFamily]:
    jobs, oldest = [], dict.fromkeys(connections, 0.0)
    for one in measures.job_measures():
        if one.connection in connections:
            labels = labels_of(connections[one.connection])
            jobs.append(((*labels, one.kind, one.state), one.count))
            age = max(oldest[one.connection], one.oldest_due_seconds or 0.0)
            oldest[one.connection] = age
    yield gauge(
        "jobs",
        "Jobs that wait (ready), run (leased) or were given up (dead), by kind.",
        (*CONNECTION_LABELS, "kind", "state"),
        jobs,
    )
    yield gauge(
        "oldest_due_job_age_seconds",
        "How long the oldest job that is due has waited, whatever holds it up; 0 when none is.",
        CONNECTION_LABELS,
        [(labels_of(connections[pk]), seconds) for pk, seconds in oldest.items()],
    )


def _of_tries(connections: Connections) -> Iterator[GaugeMetricFamily]:
    tries, lags = measures.try_measures()
    yield gauge(
        "attempts",
        "Tries of jobs in the last hour, by how they ended and the class of what went wrong.",
        (*CONNECTION_LABELS, "outcome", "error"),
        [
            ((*labels_of(connections[one.connection]), one.outcome, one.error), one.count)
            for one in tries
            if one.connection in connections
        ],
    )
    yield gauge(
        "job_lag_seconds",
        "From a change to the end of its job, of jobs done in the last hour.",
        (*CONNECTION_LABELS, "quantile"),
        [
            ((*labels_of(connections[one.connection]), str(quantile)), seconds)
            for one in lags
            if one.connection in connections
            for quantile, seconds in zip(measures.QUANTILES, one.seconds, strict=True)
        ],
    )


def _of_streams(connections: Connections) -> Iterator[GaugeMetricFamily]:
    rows = [
        ((*labels_of(connections[one.connection]), one.object), one)
        for one in measures.stream_measures()
        if one.connection in connections
    ]
    yield gauge(
        "stream_behind_seconds",
        "How old the time is up to which a stream has been read.",
        (*CONNECTION_LABELS, "object"),
        [(labels, one.behind_seconds) for labels, one in rows],
    )
    yield gauge(
        "stream_coverage_ratio",
        "Share of a stream that was in step when both sides were last compared.",
        (*CONNECTION_LABELS, "object"),
        [(labels, one.covered_ratio) for labels, one in rows],
    )
