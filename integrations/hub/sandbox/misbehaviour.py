"""Rules that make a vendor misbehave: which requests, how, and how often."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

from integrations.hub.sandbox.fake import SandboxRefusal

SLOW = "slow"
REFUSED = "dropped"
LOST_REPLY = "lost_reply"
# Kinds every vendor knows; the fake adds those that need the vendor's own words.
COMMON_KINDS = {
    SLOW: "Answer slowly (value: seconds)",
    REFUSED: "Close the connection before any work",
    LOST_REPLY: "Do the work, then close the connection without a reply (value: seconds to wait)",
}
MAX_SECONDS = 120.0


@dataclass
class Rule:
    """One misbehaviour; `times` counts down, None lasts until it is cleared."""

    id: int
    kind: str
    method: str = ""
    path: str = ""
    value: str = ""
    skip: int = 0
    times: int | None = 1

    def covers(self, method: str, path: str) -> bool:
        return self.method in ("", method) and path.startswith(self.path)

    @property
    def seconds(self) -> float:
        return min(float(self.value or 0), MAX_SECONDS)


@dataclass
class Misbehaviour:
    """The rules of one vendor, oldest first."""

    kinds: frozenset[str]
    _rules: list[Rule] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: str,
        *,
        method: str = "",
        path: str = "",
        value: str = "",
        skip: int = 0,
        times: int | None = 1,
    ) -> Rule:
        """Raise SandboxRefusal for a kind nobody knows, or a time that is no number."""
        if kind not in self.kinds:
            raise SandboxRefusal(f"No misbehaviour is called {kind!r}.")
        if times is not None and times < 1:
            raise SandboxRefusal("Times must be at least 1, or empty for “until cleared”.")
        rule = Rule(next(self._numbers), kind, method.upper(), path, value, skip, times)
        if kind in (SLOW, LOST_REPLY):
            _check_seconds(rule)
        with self._lock:
            self._rules.append(rule)
        return rule

    def take(self, method: str, path: str) -> Rule | None:
        """The rule this request falls under, counted."""
        with self._lock:
            for rule in self._rules:
                if rule.covers(method, path):
                    if rule.skip:
                        rule.skip -= 1
                        continue
                    self._count(rule)
                    return rule
        return None

    def _count(self, rule: Rule) -> None:
        if rule.times is None:
            return
        rule.times -= 1
        if rule.times == 0:
            self._rules.remove(rule)

    def rules(self) -> list[Rule]:
        with self._lock:
            return list(self._rules)

    def clear(self) -> int:
        with self._lock:
            cleared = len(self._rules)
            self._rules.clear()
        return cleared


def _check_seconds(rule: Rule) -> None:
    try:
        usable = rule.seconds >= 0
    except ValueError:
        usable = False
    if not usable:
        raise SandboxRefusal(f"{rule.value!r} is not a number of seconds.")
