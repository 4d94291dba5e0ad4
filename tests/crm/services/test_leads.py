"""Leads: a score with reasons, statuses with their events, and conversion."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crm.choices import LeadStatus, OriginKind
from crm.models import Account, Activity, Change, Contact, Deal, Lead, User, Workspace
from crm.services.accounts import account_create
from crm.services.activities import activity_log
from crm.services.contacts import contact_create
from crm.services.errors import InvalidRecord
from crm.services.leads import (
    lead_archive,
    lead_convert,
    lead_create,
    lead_status_change,
    lead_update,
)
from crm.services.origin import Origin
from tests.factories import TEST_ORIGIN, workspace_make


@pytest.fixture
def lead(workspace: Workspace, origin: Origin, salesperson: User) -> Lead:
    values = {
        "first_name": "Ann",
        "last_name": "Lee",
        "email": "ann@acme.test",
        "company": "Acme",
        "phone": "(202) 555-0143",
        "budget_max": "5000",
        "owner": salesperson,
    }
    return lead_create(workspace=workspace, values=values, origin=origin)


def test_lead_create_scores_with_reasons(lead: Lead) -> None:
    assert (lead.score, lead.score_tier) == (55, "warm")
    change = Change.objects.get(origin_kind=OriginKind.RULE)
    assert change.origin_id == "lead_score"
    assert change.reason == (
        "lead created: +20 company e-mail, +10 phone, +10 company, +15 budget named"
    )


def test_lead_update_scores_again(lead: Lead, origin: Origin) -> None:
    fresh = lead_update(lead, values={"title": "Chief Financial Officer"}, origin=origin)

    assert (fresh.score, fresh.score_tier) == (70, "hot")


def test_lead_update_without_change_leaves_no_trace(lead: Lead, origin: Origin) -> None:
    changes = Change.objects.count()

    lead_update(lead, values={"company": "Acme"}, origin=origin)

    assert Change.objects.count() == changes


def test_mail_moves_last_contact_forward_only_and_scores(lead: Lead, workspace: Workspace) -> None:
    for day in ("2020-03-02T10:00:00Z", "2020-03-01T10:00:00Z"):
        values = {
            "kind": "email",
            "direction": "inbound",
            "subject": "Hi",
            "occurred_at": day,
            "lead": lead,
        }
        activity_log(workspace=workspace, values=values, origin=TEST_ORIGIN)

    lead.refresh_from_db()
    assert lead.last_contacted_at is not None
    assert lead.last_contacted_at.day == 2


def test_recent_call_raises_the_score(lead: Lead, workspace: Workspace) -> None:
    values = {"kind": "call", "subject": "Called", "lead": lead}
    activity_log(workspace=workspace, values=values, origin=TEST_ORIGIN)

    lead.refresh_from_db()
    assert lead.score == 65


def test_lost_needs_a_reason(lead: Lead, origin: Origin) -> None:
    with pytest.raises(InvalidRecord) as refusal:
        lead_status_change(lead, LeadStatus.LOST, origin=origin)
    assert list(refusal.value.errors) == ["lost_reason"]

    lost = lead_status_change(lead, LeadStatus.LOST, origin=origin, lost_reason="No money")
    back = lead_status_change(lead, LeadStatus.CONTACTED, origin=origin)

    assert lost.lost_reason == "No money"
    assert back.lost_reason == ""


@pytest.mark.parametrize("status", [LeadStatus.VIEWING_SCHEDULED, LeadStatus.VIEWED])
def test_viewing_is_put_on_the_timeline(lead: Lead, origin: Origin, status: str) -> None:
    lead_status_change(lead, status, origin=origin)
    lead_status_change(lead, status, origin=origin)

    assert Activity.objects.get(lead=lead).details == {"status": status}


def test_converted_comes_from_conversion_only(lead: Lead, origin: Origin) -> None:
    with pytest.raises(InvalidRecord, match="Convert"):
        lead_update(lead, values={"status": LeadStatus.CONVERTED}, origin=origin)
    lead_convert(lead, origin=origin)
    with pytest.raises(InvalidRecord, match="stays converted"):
        lead_status_change(lead, LeadStatus.NEW, origin=origin)


def test_lead_convert_makes_contact_account_and_deal(
    lead: Lead, origin: Origin, salesperson: User
) -> None:
    made = lead_convert(lead, origin=origin)

    assert (made.contact.full_name, made.contact.email) == ("Ann Lee", "ann@acme.test")
    assert made.contact.lifecycle == "opportunity"
    assert (made.account.name, made.account.domain) == ("Acme", "acme.test")
    assert (made.deal.amount, made.deal.account) == (Decimal(5000), made.account)
    assert made.deal.owner == made.contact.owner == salesperson
    fresh = Lead.objects.get()
    assert fresh.status == "converted"
    assert (fresh.converted_contact, fresh.converted_account, fresh.converted_deal) == (
        made.contact,
        made.account,
        made.deal,
    )
    assert Activity.objects.get(deal=made.deal).lead == lead


def test_lead_convert_uses_the_contact_of_that_email(
    lead: Lead, workspace: Workspace, origin: Origin
) -> None:
    account = account_create(workspace=workspace, values={"name": "Other"}, origin=origin)
    values = {"first_name": "Anna", "email": "ANN@ACME.test", "account": account}
    contact = contact_create(workspace=workspace, values=values, origin=origin)

    made = lead_convert(lead, origin=origin)

    assert (made.contact, made.account) == (contact, account)
    assert (made.contact.first_name, made.contact.last_name) == ("Anna", "Lee")
    assert Contact.objects.count() == Account.objects.count() == 1


@pytest.mark.parametrize("values", [{"name": "X", "domain": "acme.test"}, {"name": "ACME"}])
def test_lead_convert_uses_the_account_of_domain_or_name(
    lead: Lead, workspace: Workspace, origin: Origin, values: dict[str, Any]
) -> None:
    account = account_create(workspace=workspace, values=values, origin=origin)

    assert lead_convert(lead, origin=origin).account == account


def test_lead_convert_does_not_look_into_another_workspace(lead: Lead, origin: Origin) -> None:
    values = {"name": "Acme", "domain": "acme.test"}
    account_create(workspace=workspace_make(), values=values, origin=TEST_ORIGIN)

    assert lead_convert(lead, origin=origin).account.workspace == lead.workspace


def test_lead_convert_of_a_person_without_company(workspace: Workspace, origin: Origin) -> None:
    values = {"last_name": "Solo", "email": "solo@gmail.com"}
    lead = lead_create(workspace=workspace, values=values, origin=origin)

    made = lead_convert(lead, origin=origin)

    assert (made.account.name, made.account.domain) == ("Solo", "")


def test_lead_convert_refuses_lost_archived_and_nameless(
    lead: Lead, workspace: Workspace, origin: Origin
) -> None:
    nameless = lead_create(workspace=workspace, values={"phone": "1"}, origin=origin)
    lost = lead_create(
        workspace=workspace,
        values={"last_name": "L", "status": "lost", "lost_reason": "x"},
        origin=origin,
    )
    for refused in (nameless, lost, lead_archive(lead, origin=origin)):
        with pytest.raises(InvalidRecord):
            lead_convert(refused, origin=origin)

    assert not Deal.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [({"budget_min": "-1"}, "budget_min"), ({"budget_min": 9000}, "budget_max")],
)
def test_lead_refuses_a_budget_that_is_no_range(
    lead: Lead, origin: Origin, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRecord) as refusal:
        lead_update(lead, values=values, origin=origin)

    assert list(refusal.value.errors) == [field]
    lead.refresh_from_db()
    assert lead.budget_min is None
