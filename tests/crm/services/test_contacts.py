"""Contacts: consent is logged, lists are bounded, archiving twice is as good as once."""

from __future__ import annotations

import pytest

from crm.models import Change, Contact, Workspace
from crm.services.contacts import contact_archive, contact_create, contact_update
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(workspace: Workspace, origin: Origin) -> Contact:
    return contact_create(workspace=workspace, values={"first_name": "Ada"}, origin=origin)


def test_every_answer_about_mail_is_logged_once(contact: Contact, origin: Origin) -> None:
    for answer in (True, True, False, None):
        contact_update(contact, values={"email_opt_in": answer}, origin=origin)

    answers = list(contact.consent_log.order_by("id").values_list("opted_in", "source", "detail"))
    assert answers == [(True, "user", str(origin.actor)), (False, "user", str(origin.actor))]


def test_answer_of_a_new_contact_is_logged(workspace: Workspace, origin: Origin) -> None:
    values = {"first_name": "Ada", "email_opt_in": False}

    contact = contact_create(workspace=workspace, values=values, origin=origin)

    assert contact.consent_log.get().opted_in is False


def test_contact_has_a_hundred_tags_at_most(contact: Contact, origin: Origin) -> None:
    tags = [f"tag {number}" for number in range(101)]

    contact_update(contact, values={"tags": tags[:100] * 2}, origin=origin)
    with pytest.raises(InvalidRecord) as refusal:
        contact_update(contact, values={"tags": tags}, origin=origin)

    assert refusal.value.errors == {"tags": ["Give at most 100."]}


def test_archive_from_two_stale_copies_is_one_change(contact: Contact, origin: Origin) -> None:
    other = Contact.objects.get(pk=contact.pk)

    contact_archive(contact, origin=origin)
    contact_archive(other, origin=origin)

    assert Change.objects.filter(record_id=contact.pk, action="deleted").count() == 1
