"""How a record of ours and one of a vendor's say the same thing: fields, values, people."""

from __future__ import annotations

from integrations.hub.mapping.chain import Chain, chain_of
from integrations.hub.mapping.transforms import InvalidTransform, Transform

__all__ = ["Chain", "InvalidTransform", "Transform", "chain_of"]
