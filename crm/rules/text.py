"""Reads the mood and the wish of a text in-process: word tables and pure functions.

English only. A text is evidence, never an instruction: nothing here acts on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_READ = 20_000
_WORD = re.compile(r"[a-z']+")
_QUOTED = re.compile(r"^(>|On .{5,120} wrote:|-{2,} ?Original Message).*", re.MULTILINE | re.DOTALL)

GOOD_WORDS = frozenset(
    {
        "agree", "amazing", "appreciate", "awesome", "brilliant", "delighted", "easy", "enjoy",
        "excellent", "excited", "fantastic", "glad", "good", "great", "happy", "helpful",
        "impressed", "interested", "like", "love", "nice", "perfect", "pleased", "pleasure",
        "recommend", "satisfied", "smooth", "superb", "thank", "thanks", "thrilled", "useful",
        "welcome", "wonderful", "yes",
    }
)  # fmt: skip
BAD_WORDS = frozenset(
    {
        "angry", "annoyed", "annoying", "awful", "bad", "broken", "bug", "complain", "complaint",
        "confused", "confusing", "crash", "delay", "delayed", "difficult", "disappointed",
        "disappointing", "error", "expensive", "fail", "failed", "fails", "frustrated",
        "frustrating", "hate", "horrible", "issue", "late", "problem", "poor", "ridiculous",
        "slow", "terrible", "unacceptable", "unhappy", "unusable", "upset", "useless", "worse",
        "worst", "wrong",
    }
)  # fmt: skip
NEGATIONS = frozenset({"not", "no", "never", "don't", "doesn't", "didn't", "isn't", "wasn't",
                       "can't", "cannot", "won't", "without", "hardly"})  # fmt: skip
NEGATION_REACH = 3

# Intent -> phrases; the first line with the most hits wins, so the telling ones stand first.
INTENT_PHRASES: dict[str, tuple[str, ...]] = {
    "out_of_office": ("out of office", "out of the office", "automatic reply", "auto-reply",
                      "on vacation", "on annual leave", "on leave until", "limited access to"),
    "unsubscribe": ("unsubscribe", "remove me from", "stop sending", "opt out", "opt me out",
                    "take me off"),
    "cancellation": ("cancel my", "cancel our", "cancel the subscription", "cancellation",
                     "terminate", "close my account", "close our account", "not renew"),
    "complaint": ("complaint", "unacceptable", "disappointed", "not happy", "refund",
                  "speak to a manager", "very unhappy", "poor service"),
    "referral": ("referred by", "refer you", "introduce you", "referral", "recommended by",
                 "you should talk to", "put you in touch"),
    "meeting": ("meeting", "schedule a call", "book a call", "book a demo", "a demo",
                "calendar", "are you available", "availability", "set up a time", "meet up"),
    "pricing": ("price", "pricing", "quote", "how much", "discount", "cost", "budget",
                "proposal", "per seat", "per month"),
    "support": ("help with", "not working", "doesn't work", "does not work", "error", "bug",
                "how do i", "problem with", "issue with", "can't log in", "cannot log in",
                "broken", "support"),
}  # fmt: skip
OTHER = "other"


@dataclass(frozen=True)
class Reading:
    """What a text says: `sentiment` from -1 to 1, its label, and the `intent`."""

    sentiment: float
    label: str
    intent: str


def text_read(text: str) -> Reading:
    """Read what the writer said, leaving out what was quoted from earlier mail."""
    said = _QUOTED.sub("", text[:MAX_READ]).replace("\u2019", "'").lower()
    score = sentiment_score(said)
    return Reading(sentiment=score, label=sentiment_label(score), intent=intent_of(said))


def sentiment_score(text: str) -> float:
    """Good minus bad words over their number; a word close behind a negation counts reversed."""
    words = _WORD.findall(text.lower())
    total = hits = 0
    for place, word in enumerate(words):
        mood = (word in GOOD_WORDS) - (word in BAD_WORDS)
        if not mood:
            continue
        before = words[max(0, place - NEGATION_REACH) : place]
        hits += 1
        total += -mood if NEGATIONS.intersection(before) else mood
    return round(total / hits, 2) if hits else 0.0


def sentiment_label(score: float) -> str:
    if score >= 0.25:
        return "positive"
    return "negative" if score <= -0.25 else "neutral"


def intent_of(text: str) -> str:
    said = text.lower()
    hits = {
        intent: sum(_has_phrase(said, phrase) for phrase in phrases)
        for intent, phrases in INTENT_PHRASES.items()
    }
    best = max(hits, key=lambda intent: hits[intent])
    return best if hits[best] else OTHER


def _has_phrase(text: str, phrase: str) -> bool:
    return re.search(rf"\b{re.escape(phrase)}", text) is not None
