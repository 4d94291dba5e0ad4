"""Many open tickets mark their account once per episode; an escalation is told once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm.models import Account, Alert, Change, Contact, Ticket, Workspace
from crm.services.activities import activity_log
from crm.services.contacts import contact_create
from crm.services.leads import lead_create
from crm.services.origin import Origin
from crm.services.tickets import ticket_archive, ticket_create, ticket_restore, ticket_update
from crm.signals import ticket_escalated
from tests.factories import TEST_ORIGIN


def open_tickets(account: Account, origin: Origin, count: int) -> list[Ticket]:
    return [
        ticket_create(
            workspace=account.workspace,
            values={"subject": f"Help {number}", "account": account},
            origin=origin,
        )
        for number in range(count)
    ]


def test_fourth_open_ticket_begins_an_episode(account: Account, origin: Origin) -> None:
    open_tickets(account, origin, 3)
    account.refresh_from_db()
    assert account.support_intensity == "low"

    open_tickets(account, origin, 3)

    account.refresh_from_db()
    assert (account.support_intensity, account.health_score) == ("high", 60)
    alert = Alert.objects.get()
    assert (alert.kind, alert.assigned_to, alert.occurrences) == (
        "high_support_volume",
        account.csm,
        1,
    )
    assert Change.objects.filter(diff__has_key="health_score").count() == 1


def test_episode_ends_and_the_next_one_counts(account: Account, origin: Origin) -> None:
    tickets = open_tickets(account, origin, 4)

    ticket_update(tickets[0], values={"status": "solved"}, origin=origin)
    account.refresh_from_db()
    assert account.support_intensity == "low"
    assert Alert.objects.get().status == "resolved"

    open_tickets(account, origin, 1)
    account.refresh_from_db()
    assert (account.support_intensity, account.health_score) == ("high", 50)


def test_archived_ticket_does_not_count(account: Account, origin: Origin) -> None:
    tickets = open_tickets(account, origin, 4)

    archived = ticket_archive(tickets[0], origin=origin)
    account.refresh_from_db()
    assert account.support_intensity == "low"

    ticket_restore(archived, origin=origin)
    account.refresh_from_db()
    assert account.support_intensity == "high"


def test_ticket_is_its_contacts_accounts(
    account: Account, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_create(
        workspace=workspace, values={"last_name": "x", "account": account}, origin=origin
    )

    ticket = ticket_create(
        workspace=workspace, values={"subject": "Help", "contact": contact}, origin=origin
    )

    assert ticket.account == account


@pytest.fixture
def escalated() -> Iterator[list[Ticket]]:
    told: list[Ticket] = []

    def receiver(sender: object, ticket: Ticket, **kwargs: Any) -> None:
        told.append(ticket)

    ticket_escalated.connect(receiver)
    yield told
    ticket_escalated.disconnect(receiver)


def test_escalation_is_told_once(account: Account, origin: Origin, escalated: list[Ticket]) -> None:
    [ticket] = open_tickets(account, origin, 1)
    for values in ({"escalate": True}, {"priority": "urgent"}, {"escalate": True}):
        ticket_update(ticket, values=values, origin=origin)

    assert escalated == [ticket]


@pytest.mark.parametrize(("kind", "score"), [("email_opened", 2), ("email_clicked", 5)])
def test_mail_engagement_moves_the_contact_once_per_event(
    workspace: Workspace, kind: str, score: int
) -> None:
    contact = contact_create(
        workspace=workspace, values={"email": "ann@acme.test"}, origin=TEST_ORIGIN
    )
    values = {"kind": kind, "subject": "Newsletter", "contact": contact}
    for _ in range(2):
        activity_log(
            workspace=workspace,
            values=values,
            origin=TEST_ORIGIN,
            source="mail:1",
            external_id="1",
        )

    assert Contact.objects.get().engagement_score == score
    change = Change.objects.get(diff__has_key="engagement_score")
    assert (change.origin_id, change.reason.split(": ")[1]) == (kind, "Newsletter")


def test_click_scores_the_lead_of_that_address(workspace: Workspace) -> None:
    values: dict[str, Any] = {"last_name": "Lee", "email": "ann@acme.test"}
    lead = lead_create(workspace=workspace, values=values, origin=TEST_ORIGIN)
    type(lead).objects.update(score=0)
    contact = contact_create(workspace=workspace, values=values, origin=TEST_ORIGIN)

    activity_log(
        workspace=workspace,
        values={"kind": "email_clicked", "subject": "News", "contact": contact},
        origin=TEST_ORIGIN,
    )

    lead.refresh_from_db()
    assert lead.score == 20
