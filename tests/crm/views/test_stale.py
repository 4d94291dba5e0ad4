"""The page of two versions names every field they do not agree on, in words."""

from __future__ import annotations

from crm.forms.contacts import ContactForm
from crm.models import Membership
from crm.services.contacts import contact_update
from crm.services.origin import Origin
from crm.views.stale import Difference, differences
from tests.crm.views.conftest import Company


def test_differences_are_in_words(company: Company, membership: Membership, origin: Origin) -> None:
    mine = ContactForm(
        {"last_name": "Byron", "lifecycle": "customer", "owner": membership.user_id},
        instance=company.contact,
        membership=membership,
    )
    stored = contact_update(company.contact, values={"first_name": "Ada"}, origin=origin)

    found = differences(mine, ContactForm(instance=stored, membership=membership))

    assert Difference("Lifecycle", "Customer", "Lead") in found
    assert Difference("Company", "", "Acme · acme.test") in found
    assert Difference("Owner", str(membership.user), "Nobody") in found
    assert "Last name" not in {one.label for one in found}
