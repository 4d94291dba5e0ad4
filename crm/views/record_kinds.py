"""Every record type that has pages, by name."""

from __future__ import annotations

from crm.views.accounts import ACCOUNTS
from crm.views.contacts import CONTACTS
from crm.views.deals import DEALS
from crm.views.kinds import RecordKind
from crm.views.leads import LEADS
from crm.views.products import PRODUCTS
from crm.views.tasks import TASKS

ALL = (CONTACTS, ACCOUNTS, LEADS, DEALS, TASKS, PRODUCTS)

# Those with a timeline, on which notes and calls are written.
KINDS: dict[str, RecordKind] = {kind.name: kind for kind in (CONTACTS, ACCOUNTS, LEADS, DEALS)}
