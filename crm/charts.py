"""Where the bars of a chart stand: values over time, stacked or side by side; pure, in units of the
drawing. `components/chart.html` draws it, with its legend and the same as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

TOP: Final = 16
BELOW: Final = 28
GAP: Final = 3
LEAST: Final = 2.0
TICKS: Final = 8


def whole(value: float) -> str:
    """A count, grouped."""
    return f"{value:,.0f}"


@dataclass(frozen=True)
class Series:
    """One value for each slot of time; `kind` is the name of its colour."""

    kind: str
    label: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Bar:
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A word below a bar."""

    x: float
    text: str


@dataclass(frozen=True)
class Chart:
    """All that is drawn and told. `top` is the value of the highest line, `slots` the words of the
    times, `words` the chart in one sentence, `key` what its parts are called in the page."""

    key: str
    title: str
    words: str
    head: str
    slots: tuple[str, ...]
    series: tuple[Series, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    top: str
    width: int
    height: int
    text: Callable[[float], str] = whole

    @property
    def floor(self) -> int:
        return self.height - BELOW

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: each slot with the value of every series."""
        columns = [one.values for one in self.series]
        return [
            (slot, [self.text(values[number]) for values in columns])
            for number, slot in enumerate(self.slots)
        ]


def chart_of(
    key: str,
    title: str,
    slots: Sequence[str],
    *stacks: Sequence[Series],
    words: str,
    head: str,
    text: Callable[[float], str] = whole,
    width: int = 320,
    height: int = 140,
) -> Chart:
    """A slot holds the stacks side by side; a stack holds its series, the first on the floor."""
    room = height - BELOW - TOP
    tallest = _tallest(stacks)
    step = width / max(len(slots), 1)
    bars = [
        bar
        for place, stack in enumerate(stacks)
        for bar in _stack_bars(
            stack,
            step=step,
            start=place * (step - GAP) / len(stacks),
            width=(step - GAP) / len(stacks),
            scale=room / tallest if tallest else 0.0,
            floor=height - BELOW,
        )
    ]
    every = max(1, -(-len(slots) // TICKS))
    return Chart(
        key=key,
        title=title,
        words=words,
        head=head,
        slots=tuple(slots),
        series=tuple(one for stack in stacks for one in stack),
        bars=tuple(bars),
        ticks=tuple(
            Tick(round(number * step, 1), slot)
            for number, slot in enumerate(slots)
            if number % every == 0
        ),
        top=text(tallest),
        width=width,
        height=height,
        text=text,
    )


def stacked_bars(series: Sequence[Series], *, width: float, height: float, gap: float) -> list[Bar]:
    """One stack a slot, from edge to edge of a drawing that has nothing but bars."""
    tallest = _tallest([series])
    step = width / max(len(series[0].values), 1)
    scale = (height - LEAST * len(series)) / tallest if tallest else 0.0
    return _stack_bars(series, step=step, start=0.0, width=step - gap, scale=scale, floor=height)


def _tallest(stacks: Sequence[Sequence[Series]]) -> float:
    return max((sum(column) for stack in stacks for column in _columns(stack)), default=0.0)


def _columns(stack: Sequence[Series]) -> list[tuple[float, ...]]:
    """The values of each slot, from the floor up."""
    return list(zip(*(one.values for one in stack), strict=True))


def _stack_bars(
    stack: Sequence[Series], *, step: float, start: float, width: float, scale: float, floor: float
) -> list[Bar]:
    """None for a zero; the smallest value is still seen."""
    bars = []
    for number, column in enumerate(_columns(stack)):
        x, base = round(start + number * step, 1), floor
        for one, value in zip(stack, column, strict=True):
            if value > 0:
                height = max(LEAST, round(value * scale, 1))
                base = round(base - height, 1)
                bars.append(Bar(one.kind, x, base, round(width, 1), height))
    return bars
