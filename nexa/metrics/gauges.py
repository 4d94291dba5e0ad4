"""Fills one family of gauges with its samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from integrations.hub.measures import ConnectionMeasures

# Ids and slugs only: the name of a connection may hold that of a person.
CONNECTION_LABELS: Final = ("connection", "provider", "workspace")

Labels = tuple[str, ...]


def labels_of(connection: ConnectionMeasures) -> Labels:
    """The values of CONNECTION_LABELS."""
    return str(connection.pk), connection.provider, connection.workspace


def gauge(
    name: str, words: str, labels: Labels, samples: Iterable[tuple[Labels, float | None]]
) -> GaugeMetricFamily:
    """What is not known has no sample."""
    family = GaugeMetricFamily(f"nexa_{name}", words, labels=labels)
    for values, number in samples:
        if number is not None:
            family.add_metric(values, number)
    return family
