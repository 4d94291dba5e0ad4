"""What the doctor says of one part."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """`mend` is what to do about it; empty when all is well."""

    part: str
    said: str
    mend: str = ""

    @property
    def is_well(self) -> bool:
        return not self.mend

    def as_json(self) -> dict[str, str | bool]:
        return {**asdict(self), "ok": self.is_well}
