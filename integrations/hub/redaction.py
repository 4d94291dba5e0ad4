"""Takes secrets out of text before it is kept or logged."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "[redacted]"
KEPT_BODY_BYTES = 16 * 1024
SHORTEST_SECRET = 6

_NAMES = (
    r"authorization|api[_-]?key|access[_-]?token|refresh[_-]?token|id[_-]?token|token|secret|"
    r"client[_-]?secret|webhook[_-]?secret|signing[_-]?secret|password|passwd|private[_-]?key"
)
# One of these is in every one of the names.
_IN_NAMES = ("authorization", "key", "token", "secret", "passw")
# What to look for first, in small letters: most texts hold none of it, and searching a page of
# records for a pattern takes longer than reading it.
_PATTERNS = (
    # JSON: "secret": "…"
    (
        _IN_NAMES,
        re.compile(rf'("[^"]*(?:{_NAMES})[^"]*"\s*:\s*")(?:[^"\\]|\\.)*"', re.I),
        rf'\1{HIDDEN}"',
    ),
    # Forms and query strings: secret=…
    (
        _IN_NAMES,
        re.compile(rf"((?:^|[&?;\s])[\w.\[\]-]*(?:{_NAMES})[\w.\[\]-]*=)[^&\s\"']+", re.I),
        rf"\1{HIDDEN}",
    ),
    (
        ("bearer", "basic"),
        re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.I),
        rf"\1 {HIDDEN}",
    ),
    (
        ("sk_", "sk-", "rk_", "rk-", "whsec", "xox"),
        re.compile(r"\b(sk|rk|whsec|xox[abp])[_-][A-Za-z0-9_-]{6,}"),
        HIDDEN,
    ),
    # User and password inside a URL.
    (("://",), re.compile(r"(https?://)[^/\s:@]+:[^/\s@]+@", re.I), rf"\1{HIDDEN}@"),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the named secrets and without what looks like one."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    small = text.casefold()
    for signs, pattern, replacement in _PATTERNS:
        if any(sign in small for sign in signs):
            text = pattern.sub(replacement, text)
    return text


def redacted_body(body: bytes | str | None, secrets: Iterable[str] = ()) -> str:
    """A body as it is kept with an attempt: redacted first, then cut."""
    if not body:
        return ""
    # Enough for a secret that straddles the cut to be seen whole.
    text = body if isinstance(body, str) else body[: 4 * KEPT_BODY_BYTES].decode("utf-8", "replace")
    # PostgreSQL keeps no NUL in text.
    clean = redact(text[: 4 * KEPT_BODY_BYTES], secrets).replace("\x00", "\ufffd")
    if len(clean) <= KEPT_BODY_BYTES:
        return clean
    return f"{clean[:KEPT_BODY_BYTES]}… (cut)"
