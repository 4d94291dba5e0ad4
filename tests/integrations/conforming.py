"""What the conformance suite has to know of one provider: how its vendor signs.

A provider names itself in `tests/integrations/<provider>/conformance.py` with `CASE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module, resources
from importlib.resources.abc import Traversable

from crm.models import Workspace
from integrations.hub.models import Connection


@dataclass(frozen=True)
class Case:
    """How one vendor's calls look.

    `connect` makes a connection that can verify; `sign` the headers of a call with this body,
    `seconds_ago` old. `is_dated`: an old signature is refused. `is_numbered`: each event has an id
    of its own, so that the same one again is known for good and not only while it waits.
    """

    provider: str
    connect: Callable[[Workspace], Connection]
    sign: Callable[[Connection, bytes, float], Mapping[str, str]]
    is_dated: bool = True
    is_numbered: bool = True


def case_of(provider: str) -> Case:
    case: Case = import_module(f"tests.integrations.{provider}.conformance").CASE
    return case


def samples_of(provider: str) -> dict[str, bytes]:
    """The raw bodies of the provider's samples, by name."""
    folder = resources.files(f"integrations.{provider}") / "samples"
    if not folder.is_dir():
        return {}
    return {
        file.name.removesuffix(".json"): file.read_bytes()
        for file in sorted(folder.iterdir(), key=_name)
        if file.name.endswith(".json") and not file.name.endswith(".expected.json")
    }


def _name(file: Traversable) -> str:
    return file.name
