"""Makes a contact, an account and a deal of a lead, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower

from crm.choices import ActivityKind, LeadStatus, Lifecycle
from crm.models import Account, Contact, Deal, Lead, Workspace
from crm.rules.identity import email_domain
from crm.services.accounts import account_create
from crm.services.activities import activity_log
from crm.services.contacts import contact_create, contact_update
from crm.services.deals import deal_create
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.records import record_lock, record_update

# Further along the life cycle is never moved back by a conversion.
BEFORE_OPPORTUNITY = (Lifecycle.LEAD, Lifecycle.MQL, Lifecycle.SQL)


@dataclass(frozen=True)
class Conversion:
    """What became of a lead."""

    lead: Lead
    contact: Contact
    account: Account
    deal: Deal


@transaction.atomic
def lead_convert(lead: Lead, *, origin: Origin, deal_name: str = "") -> Conversion:
    """Convert the lead; a present contact (by e-mail) or account (by domain, name) is used.

    Raises InvalidRecord when it is converted, lost or archived already.
    """
    lead = record_lock(lead)
    _check_open(lead)
    # Two leads of one person take turns: the second must find the contact that the first made.
    Workspace.objects.select_for_update(no_key=True).get(pk=lead.workspace_id)
    contact = _contact_matching(lead)
    account = (contact.account if contact else None) or _account_matching(lead)
    account = account or _account_make(lead, origin)
    contact = _contact_keep(lead, contact, account, origin)
    deal = _deal_make(lead, contact, origin, name=deal_name)
    values = {
        "status": LeadStatus.CONVERTED,
        "converted_contact": contact,
        "converted_account": account,
        "converted_deal": deal,
    }
    lead = record_update(lead, values=values, origin=origin)
    _note(lead, contact, deal, origin)
    return Conversion(lead=lead, contact=contact, account=account, deal=deal)


def _check_open(lead: Lead) -> None:
    if lead.status == LeadStatus.CONVERTED:
        raise InvalidRecord({"status": ["This lead is converted already."]})
    if lead.status == LeadStatus.LOST:
        raise InvalidRecord({"status": ["This lead is lost. Set another status first."]})
    if lead.is_archived:
        raise InvalidRecord({"status": ["This lead is archived. Restore it first."]})
    if not (lead.full_name or lead.email or lead.company):
        raise InvalidRecord({"last_name": ["Give a name, an e-mail address or a company first."]})


def _contact_matching(lead: Lead) -> Contact | None:
    if not lead.email:
        return None
    contacts = Contact.objects.filter(workspace=lead.workspace, archived_at=None)
    return (
        contacts.annotate(address=Lower("email"))
        .filter(address=lead.email)
        .select_related("account")
        .order_by("id")
        .first()
    )


def _account_matching(lead: Lead) -> Account | None:
    """The account of the company's domain, else of the same name."""
    accounts = Account.objects.filter(workspace=lead.workspace, archived_at=None).order_by("id")
    accounts = accounts.annotate(own_domain=Lower("domain"), own_name=Lower("name"))
    domain = email_domain(lead.email)
    by_domain = accounts.filter(own_domain=domain).first() if domain else None
    if by_domain or not lead.company:
        return by_domain
    return accounts.filter(own_name=lead.company.lower()).first()


def _account_make(lead: Lead, origin: Origin) -> Account:
    domain = email_domain(lead.email)
    values = {
        "name": lead.company or domain or str(lead),
        "domain": domain,
        "owner": _owner(lead),
        "phone": "" if lead.full_name else lead.phone,
    }
    return account_create(workspace=lead.workspace, values=values, origin=origin)


def _contact_keep(lead: Lead, contact: Contact | None, account: Account, origin: Origin) -> Contact:
    """The present contact, lacking only what it had; or a new one from the lead."""
    known = {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "phone": lead.phone_raw or lead.phone,
        "title": lead.title,
        "source": lead.source,
        "account": account,
    }
    if contact is None:
        values = {
            **known,
            "email": lead.email,
            "owner": _owner(lead),
            "lifecycle": Lifecycle.OPPORTUNITY,
            "score_tier": lead.score_tier,
            "tags": lead.tags,
            "last_contacted_at": lead.last_contacted_at,
        }
        return contact_create(workspace=lead.workspace, values=values, origin=origin)
    missing = {name: value for name, value in known.items() if value and not getattr(contact, name)}
    if contact.lifecycle in BEFORE_OPPORTUNITY:
        missing["lifecycle"] = Lifecycle.OPPORTUNITY
    return contact_update(contact, values=missing, origin=origin)


def _deal_make(lead: Lead, contact: Contact, origin: Origin, *, name: str) -> Deal:
    values: dict[str, Any] = {
        "name": name.strip() or f"{lead.company or lead}: new deal"[:200],
        "account": contact.account,
        "primary_contact": contact,
        "owner": _owner(lead),
        "amount": lead.budget_max or lead.budget_min or 0,
    }
    return deal_create(workspace=lead.workspace, values=values, origin=origin)


def _owner(lead: Lead) -> Any:
    """The lead's owner while still a member; a former member's records go to nobody."""
    workspace: Workspace = lead.workspace
    owner = lead.owner
    if owner is None or not workspace.memberships.filter(user=owner).exists():
        return None
    return owner


def _note(lead: Lead, contact: Contact, deal: Deal, origin: Origin) -> None:
    values = {
        "kind": ActivityKind.STATUS_CHANGED,
        "subject": f"Lead converted: {deal.name}"[:300],
        "lead": lead,
        "contact": contact,
        "account": deal.account,
        "deal": deal,
        "actor": origin.actor,
        "details": {"status": LeadStatus.CONVERTED},
    }
    activity_log(workspace=lead.workspace, values=values, origin=origin)
