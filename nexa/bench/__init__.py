"""Measurements: our way against the floor of the same machine, in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bench:
    """Where a bench is (`run(rows, say) -> BenchResult`) and how much it does unless told."""

    run: str
    rows: int


BENCHES = {
    "import": Bench("nexa.bench.importing.run", 20_000),
    "jobs": Bench("nexa.bench.jobs.run", 100_000),
    "sync": Bench("nexa.bench.syncing.run", 20_000),
    "webhooks": Bench("nexa.bench.webhooks.run", 4_000),
}
