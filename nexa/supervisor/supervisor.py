"""Keeps its children alive until it is told to stop, then sees every one of them off."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from nexa.supervisor.child import STOP_PATIENCE_SECONDS, Child, ChildSpec
from nexa.supervisor.errors import SupervisorError
from nexa.supervisor.register import ProcessRegister

ROUND_SECONDS = 0.25


@dataclass(frozen=True)
class Watch:
    """Asks every `seconds` whether a child is of use; a text is the reason to restart it.

    A child younger than `grace` seconds is left to find its feet.
    """

    child: str
    ask: Callable[[], str]
    seconds: float
    grace: float = 0.0


class Supervisor:
    """A few processes that live and end together; `stopping` is set once it should end."""

    def __init__(
        self,
        register: ProcessRegister,
        say: Callable[[str], None],
        *,
        watches: Sequence[Watch] = (),
        patience: float = STOP_PATIENCE_SECONDS,
    ) -> None:
        self.children: dict[str, Child] = {}
        self.stopping = threading.Event()
        self._register = register
        self._say = say
        self._watches = {watch: time.monotonic() + watch.seconds for watch in watches}
        self._patience = patience
        self._in_a_hurry = False

    def start(self, spec: ChildSpec) -> Child:
        child = self.children[spec.name] = Child(spec)
        child.start()
        self._registered()
        return child

    def wait_until(
        self,
        ready: Callable[[], bool],
        *,
        name: str,
        seconds: float,
        why: Callable[[], str] = str,
    ) -> None:
        """Return once `ready()`; raise SupervisorError when the child ends or time is up first.

        `why` says what is still missing then.
        """
        deadline = time.monotonic() + seconds
        child = self.children[name]
        while not ready():
            if self.stopping.is_set():
                raise SupervisorError("Stopped before everything was up.")
            if not child.is_alive:
                raise SupervisorError(f"{name} ended at once.{_words(child)}")
            if time.monotonic() > deadline:
                missing = " ".join([f"{name} was not ready in {seconds:.0f} s.", why()]).strip()
                raise SupervisorError(f"{missing}{_words(child)}")
            time.sleep(0.1)

    def complete(self, spec: ChildSpec, *, seconds: float) -> None:
        """Run a command to its end; SupervisorError when it fails, is too slow or a stop comes."""
        child = self.start(spec)
        try:
            self._ended_well(child, time.monotonic() + seconds)
        finally:
            child.stop(self._patience)
            del self.children[spec.name]
            self._registered()

    def _ended_well(self, child: Child, deadline: float) -> None:
        while child.is_alive:
            if self.stopping.wait(ROUND_SECONDS / 2):
                raise SupervisorError("Stopped before everything was up.")
            if time.monotonic() > deadline:
                raise SupervisorError(f"{child.spec.name} takes too long.{_words(child)}")
        if child.process is None or child.process.returncode:
            raise SupervisorError(f"{child.spec.name} failed.{_words(child)}")

    def tend(self) -> None:
        """Restart who ends and whom a watch calls stuck, until `stopping` is set."""
        while not self.stopping.wait(ROUND_SECONDS):
            for child in list(self.children.values()):
                self._tend_child(child)
            self._ask_watches()

    def restart(self, name: str, reason: str) -> None:
        child = self.children[name]
        self._say(f"{name} is restarted: {reason}")
        child.stop(self._patience)
        child.start()
        self._registered()

    def stop(self) -> None:
        """Stop every child: asked together, waited for together, the stubborn killed."""
        self.stopping.set()
        for child in self.children.values():
            child.ask_to_stop()
        deadline = time.monotonic() + self._patience
        for child in reversed(list(self.children.values())):
            left = 0.0 if self._in_a_hurry else max(0.0, deadline - time.monotonic())
            if not child.stop(left):
                self._say(f"{child.spec.name} did not stop when asked and was killed.")
        self._register.clear()

    @contextmanager
    def signals_heard(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM and a closed terminal set `stopping`; a second one hurries the stop."""
        heard = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping.is_set():
            self._in_a_hurry = True
            for child in self.children.values():
                if child.is_alive and child.process is not None:
                    child.process.kill()
        self.stopping.set()

    def _tend_child(self, child: Child) -> None:
        now = time.monotonic()
        if child.start_again_at is not None:
            if now >= child.start_again_at:
                child.start()
                self._registered()
            return
        if child.is_alive or child.process is None:
            return
        code = child.process.returncode
        child.stop(0)  # what is left of its family
        pause = child.pause_before_restart()
        child.start_again_at = now + pause
        self._say(
            f"{child.spec.name} ended (exit code {code}); it starts again in {pause:.0f} s. "
            f"{_where(child)}"
        )

    def _ask_watches(self) -> None:
        now = time.monotonic()
        for watch, due in self._watches.items():
            if now < due or self.stopping.is_set():
                continue
            child = self.children.get(watch.child)
            if child and child.is_alive and now - child.started_at >= watch.grace:
                self._judged(watch)
            self._watches[watch] = time.monotonic() + watch.seconds

    def _judged(self, watch: Watch) -> None:
        reason = watch.ask()
        if reason and not self.stopping.is_set():
            self.restart(watch.child, reason)

    def _registered(self) -> None:
        self._register.write(
            {name: child.pid for name, child in self.children.items() if child.pid is not None}
        )


def _words(child: Child) -> str:
    said = child.last_words()
    return f" Its last words:\n{said}" if said else ""


def _where(child: Child) -> str:
    return f"Its log: {child.spec.log}" if child.spec.log else "Its words are above."
