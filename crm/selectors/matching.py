"""Finds which records rows of values are about, by the match ladder: each step is one query.

The ladder: e-mail 100, LinkedIn 95, first and last name with account 90, phone 85; of companies
domain 100, name 90. From settings.MATCH_AUTO_SCORE on a match counts by itself; below it, or when
several records match, a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import models

from crm.models import Account, Workspace
from crm.rules.identity import (
    FREE_MAIL_DOMAINS,
    domain_normal,
    email_normal,
    linkedin_spellings,
    phone_e164,
)
from crm.selectors.marks import Key, marks_find
from crm.services.cleaning import text_clean

Row = Mapping[str, Any]
# The marks of one row on one step, in groups: the first group that somebody bears counts.
Marks = Callable[[Row, Workspace], Sequence[Sequence[Any]]]

SCORES: Final[dict[Key, int]] = {Key.EMAIL: 100, Key.LINKEDIN: 95, Key.NAME: 90, Key.PHONE: 85}


@dataclass(frozen=True)
class Match:
    """The records that answer to a row on the best step, the oldest first; none: score 0."""

    record_ids: tuple[int, ...]
    score: int
    key: str


@dataclass(frozen=True)
class _Step:
    """One step of a ladder: `name` is what people call the mark."""

    key: Key
    name: str
    score: int
    marks: Marks


NO_MATCH: Final = Match((), 0, "")


def contacts_match(workspace: Workspace, rows: Sequence[Row]) -> list[Match]:
    """The best match of each row, in order; values by our field names."""
    return _climb(workspace, rows, CONTACT_STEPS)


def leads_match(workspace: Workspace, rows: Sequence[Row]) -> list[Match]:
    """As contacts_match; of several leads of one person only those still open, if any are."""
    return _climb(workspace, rows, LEAD_STEPS)


def accounts_match(workspace: Workspace, rows: Sequence[Row]) -> list[Match]:
    """As contacts_match; companies of one name with different domains are different ones."""
    matches = _climb(workspace, rows, ACCOUNT_STEPS)
    named = {pk for match in matches if match.key == NAME for pk in match.record_ids}
    if not named:
        return matches
    domains = dict(Account.objects.filter(pk__in=named).values_list("pk", "domain"))
    return [
        _without_others(match, _domain(row), domains) if match.key == NAME else match
        for row, match in zip(rows, matches, strict=True)
    ]


def _climb(workspace: Workspace, rows: Sequence[Row], steps: Sequence[_Step]) -> list[Match]:
    """Step by step, each for the rows that none before has answered."""
    matches: dict[int, Match] = {}
    for step in steps:
        marks = {
            position: step.marks(row, workspace)
            for position, row in enumerate(rows)
            if position not in matches
        }
        wanted = {mark for groups in marks.values() for group in groups for mark in group}
        found = marks_find(workspace.pk, step.key, wanted)
        for position, groups in marks.items():
            borne = [{pk for mark in group for pk in found.get(mark, ())} for group in groups]
            if ids := next(filter(None, borne), None):
                matches[position] = Match(tuple(sorted(ids)), step.score, step.name)
    return [matches.get(position, NO_MATCH) for position in range(len(rows))]


def _without_others(match: Match, domain: str, domains: Mapping[int, str]) -> Match:
    if not domain:
        return match
    ids = tuple(pk for pk in match.record_ids if domains.get(pk, "") in ("", domain))
    return Match(ids, match.score, match.key) if ids else NO_MATCH


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return text_clean(value) if isinstance(value, str) else ""


def _email(row: Row, workspace: Workspace) -> list[list[str]]:
    return [[email_normal(_text(row, "email"))]] if _text(row, "email") else []


def _emails(row: Row, workspace: Workspace) -> list[list[str]]:
    """The main address is surer than the others."""
    others = row.get("other_emails") or ()
    clean = (email_normal(text_clean(other)) for other in others if isinstance(other, str))
    return [*_email(row, workspace), [other for other in clean if other]]


def _linkedin(row: Row, workspace: Workspace) -> list[Sequence[str]]:
    return [linkedin_spellings(_text(row, "linkedin_url"))]


def _full_name(row: Row, workspace: Workspace) -> list[list[tuple[int, str, str]]]:
    account = _account_id(row)
    first, last = _text(row, "first_name").lower(), _text(row, "last_name").lower()
    return [[(account, first, last)]] if account is not None and first and last else []


def _account_id(row: Row) -> int | None:
    value = row.get("account_id", row.get("account"))
    value = value.pk if isinstance(value, models.Model) else value
    is_number = isinstance(value, int) or (isinstance(value, str) and value.isdecimal())
    return int(value) if value is not None and is_number and 0 < int(value) < 2**63 else None


def _phones(row: Row, workspace: Workspace) -> list[list[str]]:
    country = workspace.default_country
    texts = (_text(row, "phone"), _text(row, "mobile"))
    return [[number for text in texts if (number := phone_e164(text, country))]]


def _domains(row: Row, workspace: Workspace) -> list[list[str]]:
    """A free mail service is nobody's own."""
    domain = _domain(row)
    return [[domain]] if domain and domain not in FREE_MAIL_DOMAINS else []


def _domain(row: Row) -> str:
    return domain_normal(_text(row, "domain") or _text(row, "website"))


def _company(row: Row, workspace: Workspace) -> list[list[str]]:
    return [[name]] if (name := _text(row, "name")) else []


NAME: Final = "name"
CONTACT_STEPS: Final = (
    _Step(Key.EMAIL, "email", SCORES[Key.EMAIL], _emails),
    _Step(Key.LINKEDIN, "linkedin", SCORES[Key.LINKEDIN], _linkedin),
    _Step(Key.NAME, NAME, SCORES[Key.NAME], _full_name),
    _Step(Key.PHONE, "phone", SCORES[Key.PHONE], _phones),
)
ACCOUNT_STEPS: Final = (
    _Step(Key.DOMAIN, "domain", 100, _domains),
    _Step(Key.COMPANY, NAME, 90, _company),
)
LEAD_STEPS: Final = (
    _Step(Key.LEAD_EMAIL, "email", 100, _email),
    _Step(Key.LEAD_PHONE, "phone", 85, _phones),
)
