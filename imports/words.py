"""Words of other systems and languages for yes and no."""

from __future__ import annotations

from typing import Final

YES: Final = frozenset(
    {
        "yes", "y", "true", "t", "1", "x", "on", "ja", "oui", "si", "sim", "checked",
        "subscribed", "granted", "opted-in", "opted in", "opt in",
    }
)  # fmt: skip
NO: Final = frozenset(
    {
        "no", "n", "false", "f", "0", "off", "nein", "non", "nao", "unchecked", "unsubscribed",
        "denied", "opted-out", "opted out", "opt out", "never",
    }
)  # fmt: skip
