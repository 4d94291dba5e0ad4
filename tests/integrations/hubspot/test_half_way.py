"""A batch that HubSpot stops half-way: what is known of its rows, and who is to blame."""

from __future__ import annotations

import pytest

from crm.models import Account, Alert, Contact, Workspace
from crm.services.accounts import account_create
from crm.services.contacts import contact_create
from integrations.hub.connections import connection_resume
from integrations.hub.models import (
    BreakerState,
    ConnectionState,
    GateReason,
    IntentOutcome,
    JobState,
    SyncJob,
    WriteIntent,
)
from integrations.hub.pump import pump
from tests.factories import TEST_ORIGIN
from tests.integrations.hubspot.keeping import Portal
from tests.integrations.hubspot.syncing import link, pull, work

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The live server starts without collected files; web-hooks need none.
    pytest.mark.filterwarnings("ignore:No directory at"),
]
LINK = "/crm/v4/associations/contacts/companies/batch/create"
PEOPLE = 10


@pytest.fixture
def acme(hubspot: Portal, workspace: Workspace) -> Account:
    """A company that is there already."""
    pull(hubspot)
    named = {"name": "Acme", "domain": "acme.test"}
    account = account_create(workspace=workspace, values=named, origin=TEST_ORIGIN)
    work()
    return account


def people_made(acme: Account) -> list[Contact]:
    return [
        contact_create(
            workspace=acme.workspace,
            values={"email": f"p{number}@acme.test", "account": acme},
            origin=TEST_ORIGIN,
        )
        for number in range(PEOPLE)
    ]


def assert_all_arrived(hubspot: Portal, acme: Account, people: list[Contact]) -> None:
    """Each once, and linked with its company on both sides."""
    company = link(hubspot.connection, acme, "companies").external_id
    ids = [link(hubspot.connection, one, "contacts").external_id for one in people]
    assert len(hubspot.sandbox.rows("hubspot", "contacts")) == PEOPLE
    found = hubspot.read("contacts", *ids)
    assert {one.values["@companies"] for one in found.values()} == {company}
    assert set(Contact.objects.values_list("account", flat=True)) == {acme.pk}
    assert not WriteIntent.objects.filter(outcome=IntentOutcome.UNKNOWN).exists()


def waiting() -> set[tuple[str, int, str]]:
    jobs = SyncJob.objects.filter(record_type="contact")
    return set(jobs.values_list("state", "attempts", "last_error_code"))


def test_limit_half_way_holds_the_connection_back_and_costs_no_retry(
    hubspot: Portal, acme: Account
) -> None:
    hubspot.sandbox.misbehave("hubspot", "rate_limited", path=LINK)

    people = people_made(acme)
    pump(0)

    connection = hubspot.connection
    connection.refresh_from_db()
    assert connection.gate_reason == GateReason.RATE
    assert (connection.breaker_state, connection.breaker_failures) == (BreakerState.CLOSED, 0)
    assert waiting() == {(JobState.READY, 0, "rate_limited")}
    assert WriteIntent.objects.filter(outcome=IntentOutcome.UNKNOWN).count() == PEOPLE
    work()
    assert_all_arrived(hubspot, acme, people)


@pytest.mark.parametrize(
    ("fault", "code"), [("unauthorized", "auth"), ("missing_scopes", "forbidden")]
)
def test_refused_key_half_way_stops_the_connection_and_kills_no_job(
    hubspot: Portal, acme: Account, fault: str, code: str
) -> None:
    hubspot.sandbox.misbehave("hubspot", fault, path=LINK)

    people = people_made(acme)
    pump(0)

    connection = hubspot.connection
    connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED
    assert Alert.objects.filter(kind="connection_auth_failed").exists()
    assert waiting() == {(JobState.READY, 0, code)}
    connection_resume(connection, actor=None)
    work()
    assert_all_arrived(hubspot, acme, people)


def test_trouble_half_way_is_the_vendors_and_its_outcome_unknown(
    hubspot: Portal, acme: Account
) -> None:
    hubspot.sandbox.misbehave("hubspot", "server_error", path=LINK)

    people = people_made(acme)
    pump(0)

    hubspot.connection.refresh_from_db()
    assert hubspot.connection.breaker_failures == 1
    assert waiting() == {(JobState.READY, 1, "outcome_unknown")}
    work()
    assert_all_arrived(hubspot, acme, people)
