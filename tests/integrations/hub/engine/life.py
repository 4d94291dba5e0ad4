"""The death of a process at any statement, and what is raised then; for the model checkers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Crash(BaseException):
    """The process ends here: nothing catches it, and nothing more is written."""


@dataclass
class Life:
    """Counts the statements of a process, and lets none through once it has died."""

    crash_at: int
    count: int = 0
    is_elsewhere: bool = False

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not self.is_elsewhere:
            self.count += 1
            if self.crash_at and self.count >= self.crash_at:
                raise Crash
        return execute(sql, params, many, context)

    def spares(self, act: Callable[[], None]) -> Callable[[], None]:
        """What people and other processes do meanwhile goes on whatever becomes of this one."""

        def acting() -> None:
            before, self.is_elsewhere = self.is_elsewhere, True
            try:
                act()
            finally:
                self.is_elsewhere = before

        return acting
