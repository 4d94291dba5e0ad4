"""Scores a lead from 0 to 100 with its reasons: a table of points and pure functions.

The points of each line are those of the rule `lead_score.<line>` (see points).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from crm.choices import ScoreTier
from crm.rules.identity import email_domain

HOT_FROM = 70
WARM_FROM = 40
RECENT = datetime.timedelta(days=14)
SENIOR_WORDS = ("chief", "ceo", "cto", "cfo", "coo", "founder", "owner", "director", "head",
                "president", "vp", "partner")  # fmt: skip
WARM_SOURCES = ("referral", "partner", "demo", "event", "webinar")


@dataclass(frozen=True)
class LeadFacts:
    """What the score looks at."""

    email: str
    phone: str
    company: str
    title: str
    source: str
    status: str
    budget_max: Decimal | None
    last_contacted_at: datetime.datetime | None
    now: datetime.datetime


@dataclass(frozen=True)
class LeadScore:
    """The score, its tier and its reasons, `("company e-mail", 20)` each."""

    score: int
    tier: str
    reasons: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return ", ".join(f"{points:+d} {reason}" for reason, points in self.reasons) or "no signs"


@dataclass(frozen=True)
class Sign:
    """One line of the table: a rule's name, its words, and when it holds."""

    rule: str
    reason: str
    holds: Callable[[LeadFacts], bool]


def _is_senior(facts: LeadFacts) -> bool:
    words = facts.title.lower().replace(",", " ").split()
    return any(word in words for word in SENIOR_WORDS)


def _is_recent(facts: LeadFacts) -> bool:
    seen = facts.last_contacted_at
    return seen is not None and facts.now - seen <= RECENT


SIGNS = (
    Sign("lead_score.company_email", "company e-mail", lambda lead: bool(email_domain(lead.email))),
    Sign("lead_score.phone", "phone", lambda lead: bool(lead.phone)),
    Sign("lead_score.company", "company", lambda lead: bool(lead.company)),
    Sign("lead_score.senior_title", "senior title", _is_senior),
    Sign("lead_score.budget", "budget named", lambda lead: bool(lead.budget_max)),
    Sign(
        "lead_score.warm_source",
        "warm source",
        lambda lead: any(word in lead.source.lower() for word in WARM_SOURCES),
    ),
    Sign(
        "lead_score.qualified",
        "qualified",
        lambda lead: lead.status in ("qualified", "viewing_scheduled", "viewed", "negotiating"),
    ),
    Sign("lead_score.recent_contact", "contact in the last 14 days", _is_recent),
)


def lead_score(facts: LeadFacts, points: Mapping[str, int]) -> LeadScore:
    """Add up the signs that hold; a sign of 0 points is silent."""
    reasons = tuple(
        (sign.reason, points[sign.rule])
        for sign in SIGNS
        if points.get(sign.rule) and sign.holds(facts)
    )
    score = max(0, min(100, sum(worth for _, worth in reasons)))
    return LeadScore(score=score, tier=tier_of(score), reasons=reasons)


def tier_of(score: int) -> str:
    if score >= HOT_FROM:
        return ScoreTier.HOT
    return ScoreTier.WARM if score >= WARM_FROM else ScoreTier.COLD
