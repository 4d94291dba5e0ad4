"""Every record of the CRM; one module per area of the domain."""

from __future__ import annotations

from crm.models.access import Membership, User, Workspace
from crm.models.accounts import Account
from crm.models.activities import Activity
from crm.models.billing import Invoice, Payment, Refund, Subscription
from crm.models.customisation import CustomField, RulePoints, SavedView
from crm.models.deals import Deal, LineItem, Pipeline, Product, Stage
from crm.models.ledger import Change
from crm.models.mail import ClickedLink, EmailMessage
from crm.models.marketing import (
    Campaign,
    ContactList,
    ContactListMember,
    FormSubmission,
    WebForm,
)
from crm.models.meetings import Meeting, MeetingAttendee
from crm.models.people import ConsentEntry, Contact, Lead
from crm.models.property import Property
from crm.models.record import OwnedRecord, Record
from crm.models.work import Alert, Task, Ticket

__all__ = [
    "Account",
    "Activity",
    "Alert",
    "Campaign",
    "Change",
    "ClickedLink",
    "ConsentEntry",
    "Contact",
    "ContactList",
    "ContactListMember",
    "CustomField",
    "Deal",
    "EmailMessage",
    "FormSubmission",
    "Invoice",
    "Lead",
    "LineItem",
    "Meeting",
    "MeetingAttendee",
    "Membership",
    "OwnedRecord",
    "Payment",
    "Pipeline",
    "Product",
    "Property",
    "Record",
    "Refund",
    "RulePoints",
    "SavedView",
    "Stage",
    "Subscription",
    "Task",
    "Ticket",
    "User",
    "WebForm",
    "Workspace",
]
