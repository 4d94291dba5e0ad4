"""Names of lanes: work of one lane runs one at a time; pure."""

from __future__ import annotations

import hashlib


def lane_of(connection_id: int, object: str, identifier: str | int) -> int:
    """A signed 64-bit hash; two lanes that share one merely wait for each other."""
    name = f"{connection_id}\x1f{object}\x1f{identifier}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)
