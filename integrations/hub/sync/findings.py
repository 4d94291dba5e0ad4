"""What a rehearsal has found so far: counts, a few samples of each sort, and whom it has met."""

from __future__ import annotations

import base64
import zlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

SAMPLES: Final = 20
LONGEST_VALUE: Final = 200
# Beyond so many things nobody looks any more whether two of theirs are one of ours.
MOST_MET: Final = 2_000_000
# The sorts that samples are kept of, with the words for people.
SORTS: Final = {
    "created": "New here",
    "updated": "Changed here",
    "sent": "Changed at the vendor",
    "made_there": "New at the vendor",
    "conflict": "Waiting for a decision",
    "ambiguous": "Not clear which of ours it is",
    "duplicate": "Two of theirs are one of ours",
    "failing": "Cannot be taken over",
}


@dataclass
class Findings:
    """Counts by things of theirs; `made_there` by records of ours.

    `matched` are things that are one of ours; `joined` of them only now. Of these `updated` would
    change ours, `sent` theirs, and `unchanged` neither.
    """

    total: int = 0
    created: int = 0
    matched: int = 0
    joined: int = 0
    updated: int = 0
    unchanged: int = 0
    ambiguous: int = 0
    duplicate: int = 0
    failing: int = 0
    conflict: int = 0
    later: int = 0
    gone: int = 0
    sent: int = 0
    made_there: int = 0
    requests: int = 0
    seconds: float = 0.0
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)

    def count(self, sort: str, sample: dict[str, Any] | None = None) -> None:
        setattr(self, sort, getattr(self, sort) + 1)
        kept = self.samples.setdefault(sort, [])
        if sample is not None and len(kept) < SAMPLES:
            kept.append(sample)

    def has_met(self, mark: str) -> bool:
        return _mark(mark) in self.met

    def meet(self, marks: Iterable[str]) -> None:
        if len(self.met) < MOST_MET:
            self.met.update(_mark(mark) for mark in marks)

    def counts(self) -> dict[str, Any]:
        names = (one for one in vars(self) if one not in ("samples", "met"))
        return {name: getattr(self, name) for name in names}

    def as_json(self) -> dict[str, Any]:
        """To go on with later; `result` is what people see."""
        packed = zlib.compress(array("Q", sorted(self.met)).tobytes(), 1)
        return {**self.result(), "met": base64.b64encode(packed).decode()}

    def result(self) -> dict[str, Any]:
        return {"counts": self.counts(), "samples": self.samples}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any] | None) -> Findings:
        if not kept:
            return cls()
        met = array("Q")
        met.frombytes(zlib.decompress(base64.b64decode(kept["met"])))
        return cls(**kept["counts"], samples=kept["samples"], met=set(met))


@dataclass(frozen=True)
class FieldSample:
    """One field that would change; no `winner` means that a person decides."""

    field: str
    ours: Any
    theirs: Any
    winner: str

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        return values | {name: _cut(values[name]) for name in ("ours", "theirs")}


def sample_of(*, external_id: str = "", local_id: int | None = None, **more: Any) -> dict[str, Any]:
    """`fields` are FieldSamples, `message` says why something fails."""
    fields = [one.as_json() for one in more.pop("fields", ())]
    return {"external_id": external_id, "local_id": local_id, "fields": fields, **more}


def _mark(text: str) -> int:
    data = text.encode()
    return zlib.crc32(data) << 32 | zlib.adler32(data)


def _cut(value: Any) -> Any:
    return value if not isinstance(value, str) else value[:LONGEST_VALUE]
