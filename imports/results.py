"""What a rehearsal found, as the review page, the command and the API show it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, Final

from imports.engine import Action, Decided, Decisions
from imports.fields import CUSTOM_PREFIX
from imports.problems import causes_add
from imports.working import CUSTOM, Working

SAMPLES: Final = 5
VALUE_LENGTH: Final = 120
SAMPLED: Final = (Action.CREATED, Action.UPDATED)
HIDDEN: Final = frozenset({"phone_raw", "mobile_raw"})


def plan_add(plan: dict[str, Any], decisions: Decisions) -> None:
    """Add one chunk to the summary kept in `ImportJob.plan`."""
    counts = plan.setdefault("counts", {action.value: 0 for action in Action})
    for name, count in decisions.counts.items():
        # A summary begun before an update may lack an action that is new.
        counts[name] = counts.get(name, 0) + count
    accounts = plan.setdefault("accounts", {"created": 0, "updated": 0})
    accounts["created"] += len(decisions.accounts.new)
    accounts["updated"] += len(decisions.accounts.changed)
    causes_add(plan.setdefault("causes", {}), decisions.problems)
    _samples_add(plan.setdefault("samples", {}), decisions)


def _samples_add(samples: dict[str, list[dict[str, Any]]], decisions: Decisions) -> None:
    for action in SAMPLED:
        kept = samples.setdefault(action.value, [])
        if len(kept) < SAMPLES:
            kept.extend(_samples(decisions, action, SAMPLES - len(kept)))


def _samples(decisions: Decisions, action: Action, count: int) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for decided in decisions.decided:
        if decided.action is action and len(found) < count:
            record = decisions.contacts.records[decided.ref]
            found.append(
                {
                    "row": decided.row,
                    "name": person_name(record),
                    "diff": _diff(decided, record, decisions),
                }
            )
    return found


def _diff(decided: Decided, record: Working, decisions: Decisions) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    made = {name: [None, value] for name, value in record.values.items()}
    for name, (old, new) in (decided.diff or made).items():
        if name in HIDDEN or new in (None, "", [], {}):
            continue
        if name == "account_id":
            name, old, new = "company", _company(decisions, old), _company(decisions, new)
        if name == CUSTOM:
            entries.extend(_custom(old or {}, new))
            continue
        entries.append({"field": name, "old": shown(old), "new": shown(new)})
    return entries


def _custom(old: dict[str, Any], new: dict[str, Any]) -> Iterable[dict[str, str]]:
    for key, value in new.items():
        field = f"{CUSTOM_PREFIX}{key}"
        yield {"field": field, "old": shown(old.get(key)), "new": shown(value)}


def _company(decisions: Decisions, ref: int | None) -> str:
    record = decisions.accounts.records.get(ref) if ref is not None else None
    if record is None:
        return "" if ref is None else "another company"
    return str(record.values.get("name") or "")


def person_name(record: Working) -> str:
    values = record.values
    full = f"{values.get('first_name') or ''} {values.get('last_name') or ''}".strip()
    return full or str(values.get("email") or values.get("phone") or "")


def shown(value: Any) -> str:
    """A value as text for a page, cut short."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    if isinstance(value, datetime.datetime):
        value = value.strftime("%Y-%m-%d %H:%M UTC")
    return str(value)[:VALUE_LENGTH]
