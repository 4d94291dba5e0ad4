"""The engine behind the pages: whether workers work, and what they gave up on."""

from __future__ import annotations

from django.db import DatabaseError

from integrations.hub.selectors import hub_health
from nexa.doctor.demo import mend_of
from nexa.doctor.finding import Finding
from nexa.readiness import cluster_judged


def cluster_found() -> Finding:
    part = "Workers"
    try:
        health = hub_health()
    except DatabaseError:
        return Finding(part, "not looked at: no database", "Mend the database first.")
    state = cluster_judged(health)
    dead = health.dead_jobs + health.dead_events
    said = f"{state.detail}; given up: {dead}" if dead else state.detail
    if state.ok and health.troubles:
        return Finding(
            part,
            " ".join([f"{said}.", *health.troubles]),
            "Look into the log; add workers if they do not keep up.",
        )
    if state.ok:
        return Finding(part, said)
    return Finding(
        part,
        said,
        mend_of(
            "Start the workers (manage.py qcluster, or make run). If they run, restart them and "
            "read their log."
        ),
    )
