"""What a bench has measured, in the one form that every bench prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class BenchResult:
    """Rates of one run: ours, the floor (what the machine allows at best) and peers by name."""

    bench: str
    size: int
    ours_per_s: float
    floor_per_s: float
    peers_per_s: Mapping[str, float] = field(default_factory=dict)
    memory_growth_mb: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio_to_floor(self) -> float:
        return self.ours_per_s / self.floor_per_s if self.floor_per_s else 0.0

    def as_json(self) -> str:
        peers = {
            name: {"per_s": round(rate, 1), "ratio": round(self.ours_per_s / rate, 3)}
            for name, rate in self.peers_per_s.items()
            if rate
        }
        return json.dumps(
            {
                "bench": self.bench,
                "size": self.size,
                "ours_per_s": round(self.ours_per_s, 1),
                "floor_per_s": round(self.floor_per_s, 1),
                "ratio_to_floor": round(self.ratio_to_floor, 3),
                "peers": peers,
                "memory_growth_mb": round(self.memory_growth_mb, 1),
                "details": dict(self.details),
            }
        )
