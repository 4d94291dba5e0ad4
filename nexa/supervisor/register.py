"""Remembers on disk which processes were started, so that the next run can clear a killed one's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import psutil

from nexa.supervisor.child import group_killed


class ProcessRegister:
    """A small file: name, process id and birth of each child, the birth against reused ids."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, processes: Mapping[str, int]) -> None:
        rows = [
            {"name": name, "pid": pid, "born": born}
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
            if _born(row["pid"]) == row["born"]:
                group_killed(row["pid"])
                killed.append(str(row["name"]))
        self.clear()
        return killed

    def _rows(self) -> list[dict[str, int | float | str]]:
        try:
            rows = json.loads(self.path.read_text(encoding="utf-8"))
            return [row for row in rows if {"name", "pid", "born"} <= row.keys()]
        except (OSError, ValueError, AttributeError, TypeError):
            return []  # a half-written or foreign file names nobody


def _born(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
