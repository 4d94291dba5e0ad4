"""Tells people that a deal could not be billed, on the deal's timeline and as an alert."""

from __future__ import annotations

import hashlib

from django.db import transaction

from crm.choices import ActivityKind, Severity
from crm.models import Deal, User
from crm.services.activities import activity_log
from crm.services.alerts import alert_raise, alerts_resolve
from integrations.hub.commands import Command
from integrations.stripe.translate import SOURCE

ALERT = "billing_refused"
MAX_WORDS = 2000


@transaction.atomic
def refusal_tell(command: Command, deal: Deal, words: str) -> None:
    """One line for each different reason, and one open alert for the deal."""
    digest = hashlib.sha256(words.encode()).hexdigest()[:16]
    activity_log(
        workspace=deal.workspace,
        values={
            "kind": ActivityKind.SUBSCRIPTION,
            "subject": "Stripe subscription could not be created",
            "body": words[:MAX_WORDS],
            "deal": deal,
            "account": deal.account,
        },
        origin=command.origin,
        source=SOURCE,
        external_id=f"refused:{command.intent.pk}:{digest}",
    )
    alert_raise(
        workspace=deal.workspace,
        kind=ALERT,
        severity=Severity.URGENT,
        message=f"{deal.name} was won but is not billed: {words}",
        subject_key=_key(deal),
        origin=command.origin,
        account=deal.account,
        assigned_to=_assignee(deal),
        connection_id=command.connection.pk,
    )


def refusal_over(command: Command, deal: Deal) -> None:
    alerts_resolve(
        workspace=deal.workspace, kind=ALERT, subject_key=_key(deal), origin=command.origin
    )


def _key(deal: Deal) -> str:
    return f"deal:{deal.pk}"


def _assignee(deal: Deal) -> User | None:
    """Whoever sold it, or looks after the account, and is still a member."""
    for person in (deal.owner, deal.account.csm if deal.account else None):
        if person is not None and deal.workspace.memberships.filter(user=person).exists():
            return person
    return None
