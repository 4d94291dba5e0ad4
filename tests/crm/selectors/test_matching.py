"""The match ladder: the surest mark answers, and a batch costs a query a step."""

from __future__ import annotations

from typing import Any

import pytest

from crm.choices import LeadStatus
from crm.models import Account, Contact, Lead, Workspace
from crm.selectors.matching import Match, accounts_match, contacts_match, leads_match
from crm.services.accounts import account_create
from crm.services.contacts import contact_archive, contact_create
from crm.services.leads import lead_create
from crm.services.origin import Origin
from tests.factories import TEST_ORIGIN, workspace_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(workspace: Workspace) -> Account:
    values = {"name": "Acme", "domain": "acme.test"}
    return account_create(workspace=workspace, values=values, origin=TEST_ORIGIN)


@pytest.fixture
def ada(workspace: Workspace, account: Account) -> Contact:
    values = {
        "account": account,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "ada@acme.test",
        "other_emails": ["ada@home.test"],
        "phone": "(415) 555-2671",
        "mobile": "+61 400 000 001",
        "linkedin_url": "https://linkedin.com/in/Ada/",
    }
    return contact_create(workspace=workspace, values=values, origin=TEST_ORIGIN)


def _lead(workspace: Workspace, **values: Any) -> Lead:
    return lead_create(workspace=workspace, values=values, origin=TEST_ORIGIN)


@pytest.mark.parametrize(
    ("row", "score", "key"),
    [
        ({"email": " ADA@acme.test "}, 100, "email"),
        ({"email": "ada@home.test"}, 100, "email"),
        ({"email": "new@acme.test", "other_emails": ["Ada@acme.test"]}, 100, "email"),
        ({"linkedin_url": "http://www.linkedin.com/in/ada?trk=x"}, 95, "linkedin"),
        ({"phone": "+1 415-555-2671"}, 85, "phone"),
        ({"phone": "0061 400 000 001", "mobile": "+61400000001"}, 85, "phone"),
    ],
)
def test_contacts_match_by_each_mark(
    workspace: Workspace, ada: Contact, row: dict[str, Any], score: int, key: str
) -> None:
    assert contacts_match(workspace, [row]) == [Match((ada.pk,), score, key)]


def test_contacts_match_by_name_within_the_account(
    workspace: Workspace, ada: Contact, account: Account
) -> None:
    name = {"first_name": "ADA", "last_name": "lovelace"}
    rows = [
        {**name, "account": account},
        {**name, "account_id": str(account.pk)},
        name,
        {**name, "account": account.pk + 1},
    ]

    matches = contacts_match(workspace, rows)

    found = Match((ada.pk,), 90, "name")
    nothing = Match((), 0, "")
    assert matches == [found, found, nothing, nothing]


def test_contacts_match_climbs_no_further_than_the_surest_mark(
    workspace: Workspace, ada: Contact
) -> None:
    other = contact_create(
        workspace=workspace, values={"email": "other@acme.test"}, origin=TEST_ORIGIN
    )
    row = {"email": "other@acme.test", "phone": "+14155552671", "other_emails": ["ada@acme.test"]}

    assert contacts_match(workspace, [row]) == [Match((other.pk,), 100, "email")]


def test_contacts_match_tells_of_all_who_bear_the_mark(workspace: Workspace, ada: Contact) -> None:
    twin = contact_create(
        workspace=workspace, values={"email": "ada@home.test"}, origin=TEST_ORIGIN
    )

    [match] = contacts_match(workspace, [{"email": "ada@home.test"}])

    assert match == Match((ada.pk, twin.pk), 100, "email")


def test_contacts_match_finds_nobody_archived_or_elsewhere(
    workspace: Workspace, ada: Contact, origin: Origin
) -> None:
    assert contacts_match(workspace_make(), [{"email": ada.email}]) == [Match((), 0, "")]

    contact_archive(ada, origin=origin)

    assert contacts_match(workspace, [{"email": ada.email}]) == [Match((), 0, "")]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"email": None, "other_emails": None, "phone": "n/a", "linkedin_url": "https://x.test"},
        {"email": "ada\x00@nowhere.test", "phone": 12, "other_emails": [None]},
        {"first_name": "A", "last_name": "B", "account": "not a number"},
        {"first_name": "A", "last_name": "B", "account": 10**30},
    ],
)
def test_contacts_match_takes_any_values(
    workspace: Workspace, ada: Contact, row: dict[str, Any]
) -> None:
    assert contacts_match(workspace, [row]) == [Match((), 0, "")]


def test_accounts_match_by_domain_then_name(workspace: Workspace, account: Account) -> None:
    rows = [
        {"name": "Other", "domain": "https://www.ACME.test/"},
        {"name": "Other", "website": "acme.test/shop"},
        {"name": "acme"},
        {"name": "Acme", "domain": "elsewhere.test"},
        {"name": "Gmail", "domain": "gmail.com"},
    ]

    matches = accounts_match(workspace, rows)

    by_domain = Match((account.pk,), 100, "domain")
    nothing = Match((), 0, "")
    assert matches == [by_domain, by_domain, Match((account.pk,), 90, "name"), nothing, nothing]


def test_accounts_match_by_name_where_ours_has_no_domain(workspace: Workspace) -> None:
    ours = account_create(workspace=workspace, values={"name": "Bare"}, origin=TEST_ORIGIN)

    [match] = accounts_match(workspace, [{"name": "Bare", "domain": "bare.test"}])

    assert match == Match((ours.pk,), 90, "name")


def test_leads_match_by_email_and_phone(workspace: Workspace) -> None:
    lead = _lead(workspace, email="ada@acme.test", phone="(415) 555-2671")
    rows = [{"email": "ADA@acme.test"}, {"phone": "415 555 2671"}, {"email": "no@acme.test"}]

    assert leads_match(workspace, rows) == [
        Match((lead.pk,), 100, "email"),
        Match((lead.pk,), 85, "phone"),
        Match((), 0, ""),
    ]


def test_leads_match_prefers_those_still_open(workspace: Workspace) -> None:
    values = {"email": "ada@acme.test", "phone": "+14155552671"}
    lost = _lead(workspace, **values, status=LeadStatus.LOST, lost_reason="Gone")
    assert leads_match(workspace, [values]) == [Match((lost.pk,), 100, "email")]

    still_open = _lead(workspace, **values)

    rows = [values, {"phone": values["phone"]}]
    assert [match.record_ids for match in leads_match(workspace, rows)] == [(still_open.pk,)] * 2


def test_matching_costs_a_query_a_step_for_a_whole_batch(
    workspace: Workspace, account: Account, django_assert_num_queries: Any
) -> None:
    contacts = [
        {
            "email": f"p{number}@x.test",
            "linkedin_url": f"https://www.linkedin.com/in/p{number}",
            "phone": f"+1415555{number:04}",
            "first_name": "P",
            "last_name": str(number),
            "account": account,
        }
        for number in range(100)
    ]
    companies = [{"name": "Acme", "domain": f"c{number}.test"} for number in range(100)]

    # E-mail asks besides whether anybody has other addresses.
    with django_assert_num_queries(5):
        contacts_match(workspace, contacts)
    # The domains of those with the name are read once.
    with django_assert_num_queries(3):
        accounts_match(workspace, companies)
    with django_assert_num_queries(2):
        leads_match(workspace, contacts)
