"""Takes many pairs' turns together: steps of one kind are done for all who are at them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

from integrations.hub.merge.turns import (
    Commit,
    Drop,
    Load,
    Read,
    Result,
    Send,
    Settle,
    Step,
    Turn,
)

K = TypeVar("K", bound=Hashable)
K_contra = TypeVar("K_contra", bound=Hashable, contravariant=True)

# What has been answered is remembered before anything new is begun.
ORDER: Final[tuple[type[Step], ...]] = (Drop, Settle, Load, Read, Commit, Send)

# For one pair: what its step is answered with, or what is thrown into it.
Answers = Mapping[Any, Any]


class Hands(Protocol):
    """Does steps of one kind for many pairs.

    Each answers by key; an exception as an answer is thrown into that pair's turn. What a method
    raises is thrown into all it was asked for.
    """

    def drop(self, steps: Mapping[Any, Drop]) -> Answers: ...

    def settle(self, steps: Mapping[Any, Settle]) -> Answers: ...

    def load(self, steps: Mapping[Any, Load]) -> Answers: ...

    def read(self, steps: Mapping[Any, Read]) -> Answers: ...

    def commit(self, steps: Mapping[Any, Commit]) -> Answers: ...

    def send(self, steps: Mapping[Any, Send]) -> Answers: ...


class Driver(Generic[K]):
    """Runs the turns to their ends; `outcomes` holds each pair's Result, or what ended it."""

    def __init__(self, hands: Hands, turns: Mapping[K, Turn]) -> None:
        self._hands = hands
        self._turns = dict(turns)
        self._steps: dict[K, Step] = {}
        self.outcomes: dict[K, Result | Exception] = {}

    def run(self) -> dict[K, Result | Exception]:
        for key in self._turns:
            self._go_on(key, None)
        while self._steps:
            kind = next(one for one in ORDER if any(type(s) is one for s in self._steps.values()))
            steps = {key: step for key, step in self._steps.items() if type(step) is kind}
            answers = self._answers(kind, steps)
            for key in steps:
                self._go_on(key, answers[key])
        return self.outcomes

    def _answers(self, kind: type[Step], steps: Mapping[K, Any]) -> Mapping[K, Any]:
        method = getattr(self._hands, kind.__name__.lower())
        try:
            given: Mapping[K, Any] = method(steps)
        except Exception as error:
            return dict.fromkeys(steps, error)
        return given

    def _go_on(self, key: K, answer: Any) -> None:
        turn = self._turns[key]
        self._steps.pop(key, None)
        try:
            is_error = isinstance(answer, Exception)
            self._steps[key] = turn.throw(answer) if is_error else turn.send(answer)
        except StopIteration as end:
            self.outcomes[key] = end.value
        except Exception as error:
            self.outcomes[key] = error
