"""The demo's people as each fake vendor knows them, so that records find the same owner there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colleague:
    """Somebody of the demo who has a seat at every vendor that knows of owners."""

    first_name: str
    last_name: str
    email: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


SALESPERSON = Colleague("Sam", "Salesperson", "sales@demo.example")
DIRECTOR = Colleague("Dana", "Director", "owner@demo.example")
COLLEAGUES = (SALESPERSON, DIRECTOR)
