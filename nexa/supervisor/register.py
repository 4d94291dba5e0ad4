"""Remembers on disk which processes were started, so that the next run can clear a killed one's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from nexa.supervisor.child import group_killed


class Row(NamedTuple):
    """One process that was started."""

    name: str
    pid: int
    born: float


class ProcessRegister:
    """A small file: name, process id and birth of each child, the birth against reused ids."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, processes: Mapping[str, int]) -> None:
        rows = [
            Row(name, pid, born)._asdict()
            for name, pid in processes.items()
            if (born := _born(pid)) is not None
        ]
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(rows), encoding="utf-8")
        part.replace(self.path)

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def orphans_killed(self) -> list[str]:
        """Kill what a killed supervisor left running; returns the names. Idempotent."""
        killed = []
        for row in self._rows():
            if _born(row.pid) == row.born:
                group_killed(row.pid)
                killed.append(row.name)
        self.clear()
        return killed

    def _rows(self) -> list[Row]:
        try:
            rows = json.loads(self.path.read_text(encoding="utf-8"))
            return [Row(str(row["name"]), int(row["pid"]), float(row["born"])) for row in rows]
        except (OSError, ValueError, KeyError, TypeError):
            return []  # a half-written or foreign file names nobody


def _born(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
