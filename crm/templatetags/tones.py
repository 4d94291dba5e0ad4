"""Which colour and icon a stored word gets: the last step before a page shows it."""

from __future__ import annotations

from typing import Final

TONES: Final = frozenset({"ok", "warn", "err", "info", "accent"})

# A stored value → its tone. What is not named here is neutral grey.
TONE_OF_VALUE: Final[dict[str, str]] = {
    # Contacts and leads
    "mql": "info",
    "sql": "info",
    "opportunity": "accent",
    "customer": "ok",
    "new": "info",
    "contacted": "info",
    "qualified": "accent",
    "viewing_scheduled": "accent",
    "viewed": "accent",
    "negotiating": "warn",
    "converted": "ok",
    "lost": "err",
    "hot": "err",
    "warm": "warn",
    # Accounts and billing
    "low": "ok",
    "medium": "warn",
    "high": "err",
    "current": "ok",
    "overdue": "err",
    "trialing": "info",
    "active": "ok",
    "past_due": "err",
    "unpaid": "err",
    "paused": "warn",
    "incomplete": "warn",
    "open": "info",
    "paid": "ok",
    "succeeded": "ok",
    # Work
    "urgent": "err",
    "warning": "warn",
    "acknowledged": "warn",
    "resolved": "ok",
    "solved": "ok",
    "done": "ok",
    # Imports, connections, jobs
    "validating": "info",
    "importing": "info",
    "processing": "info",
    "syncing": "info",
    "running": "info",
    "rehearsing": "info",
    "rehearsed": "warn",
    "live": "info",
    "held": "warn",
    "leased": "info",
    "ready": "accent",
    "success": "ok",
    "completed": "ok",
    "partial": "warn",
    "pending": "warn",
    "failed": "err",
    "error": "err",
    "dead": "err",
    "auth_failed": "err",
    "bounced": "err",
}

ICON_OF_ACTIVITY: Final[dict[str, str]] = {
    "email": "mail",
    "call": "phone",
    "note": "sticky-note",
    "meeting": "calendar",
    "payment_received": "banknote",
    "payment_failed": "credit-card",
    "refund": "undo-2",
    "subscription": "repeat",
    "email_opened": "mail-open",
    "email_clicked": "mouse-pointer-click",
    "email_bounced": "mail-x",
    "unsubscribed": "user-x",
    "ticket": "ticket",
    "stage_changed": "handshake",
    "status_changed": "flag",
    "form_submitted": "file-text",
    "import": "upload",
}

TONE_OF_ACTIVITY: Final[dict[str, str]] = {
    "email": "info",
    "call": "info",
    "meeting": "accent",
    "payment_received": "ok",
    "payment_failed": "err",
    "refund": "warn",
    "subscription": "ok",
    "email_bounced": "err",
    "unsubscribed": "warn",
    "ticket": "warn",
    "stage_changed": "accent",
}

HEALTHY_FROM: Final = 70
AT_RISK_BELOW: Final = 40


def tone_of(value: object) -> str:
    """The tone of a stored value; a tone's own name stands for itself, the unknown is ''."""
    word = str(value or "")
    return word if word in TONES else TONE_OF_VALUE.get(word, "")


def health_tone(score: int) -> str:
    if score >= HEALTHY_FROM:
        return "ok"
    return "warn" if score >= AT_RISK_BELOW else "err"
