"""The rule of many open tickets: marks the account once per episode, and unmarks it after."""

from __future__ import annotations

import datetime

from django.utils import timezone

from crm.choices import Level, Severity, TicketStatus
from crm.models import Account, Ticket
from crm.rules.health import health_after
from crm.rules.points import points_for
from crm.services.alerts import alert_raise, alerts_resolve
from crm.services.origin import by_rule
from crm.services.people import member_first
from crm.services.records import record_lock, record_update

RULE = "high_support_volume"
SPAN = datetime.timedelta(days=30)
MANY = 3
OPEN = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING)


def support_volume_check(account: Account, *, event: str) -> None:
    """More than 3 open tickets of 30 days begin an episode; 3 or fewer end it.

    The account's support intensity is the mark of an episode: while it is high, nothing is
    counted again.
    """
    account = record_lock(account)
    count = Ticket.objects.filter(
        account=account,
        status__in=OPEN,
        archived_at=None,
        created_at__gte=timezone.now() - SPAN,
    ).count()
    is_high = account.support_intensity == Level.HIGH
    if count > MANY and not is_high:
        _begin(account, count, event)
    elif count <= MANY and is_high:
        _end(account, count, event)


def _begin(account: Account, count: int, event: str) -> None:
    origin = by_rule(RULE, f"{count} open tickets after {event}")
    values = {
        "support_intensity": Level.HIGH,
        "health_score": health_after(account.health_score, points_for(account.workspace, RULE)),
    }
    record_update(account, values=values, origin=origin)
    alert_raise(
        workspace=account.workspace,
        kind=RULE,
        severity=Severity.WARNING,
        message=f"{account.name} has {count} open tickets of the last {SPAN.days} days.",
        subject_key=_key(account),
        account=account,
        assigned_to=member_first(account.workspace, (account.csm_id, account.owner_id)),
        origin=origin,
    )


def _end(account: Account, count: int, event: str) -> None:
    origin = by_rule(RULE, f"{count} open tickets after {event}")
    record_update(account, values={"support_intensity": Level.LOW}, origin=origin)
    alerts_resolve(workspace=account.workspace, kind=RULE, subject_key=_key(account), origin=origin)


def _key(account: Account) -> str:
    return f"account:{account.pk}"
