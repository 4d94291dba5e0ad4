"""Where the bars of the overview's chart stand; pure, in units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.hub.overview import HourOfTraffic

WIDTH, HEIGHT, FLOOR = 720, 208, 180
GAP = 3
LEAST = 2
LABEL_EVERY = 3


@dataclass(frozen=True)
class Bar:
    """One bar; `kind` is its colour's name."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Label:
    """The hour below a bar."""

    x: float
    text: str


@dataclass(frozen=True)
class Chart:
    """All that is drawn; `top` is the value of the highest line."""

    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    top: int
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = FLOOR


def chart_of(hours: Sequence[HourOfTraffic]) -> Chart:
    """Two bars an hour: events received, and tries of jobs with the failed ones on the floor."""
    top = max((max(one.events, one.tries) for one in hours), default=0)
    step = WIDTH / max(len(hours), 1)
    bars: list[Bar] = []
    for number, one in enumerate(hours):
        x, width = number * step, (step - GAP) / 2
        bars += _bars("events", one.events, top, x=x, width=width)
        bars += _bars("tries", one.tries, top, x=x + width, width=width)
        bars += _bars("failed", one.failed, top, x=x + width, width=width)
    labels = tuple(
        Label(round(number * step, 1), f"{one.hour:%H:%M}")
        for number, one in enumerate(hours)
        if number % LABEL_EVERY == 0
    )
    return Chart(tuple(bars), labels, top)


def _bars(kind: str, value: int, top: int, *, x: float, width: float) -> list[Bar]:
    """None for a zero; the smallest value is still seen."""
    if not value:
        return []
    height = max(LEAST, round((FLOOR - 16) * value / top, 1))
    return [Bar(kind, round(x, 1), round(FLOOR - height, 1), round(width, 1), height)]
