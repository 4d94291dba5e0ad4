"""The whole way, both ways: HubSpot's fake, its web-hooks, the pump, and records on both sides."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm.models import Account, Activity, Contact, Deal, Membership, Task, Workspace
from crm.services.accounts import account_create
from crm.services.activities import call_log, note_add
from crm.services.contacts import contact_create, contact_update
from crm.services.deals import deal_update
from crm.services.tasks import task_create
from integrations.hub.health import stream_health
from integrations.hub.models import LinkState, SyncJob, SyncRecord, SyncState
from integrations.hub.sync.hinting import inbound_add
from integrations.hub.sync.reconciling import reconcile_now
from integrations.hub.sync.rehearsal import rehearsal_dry
from tests.factories import TEST_ORIGIN, membership_make, user_make
from tests.integrations.hubspot.keeping import Portal
from tests.integrations.hubspot.syncing import delivered, link, pull, work, writes_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The live server starts without collected files; web-hooks need none.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def ada(workspace: Workspace) -> Membership:
    """Somebody who owns records on both sides."""
    return membership_make(workspace, user=user_make(email="ada@hubspot.test"))


@pytest.fixture
def hubspot(ada: Membership, hubspot: Portal) -> Portal:
    """With a colleague who is known at both sides before they meet."""
    return hubspot


def there(portal: Portal, kind: str = "contacts", **values: str) -> str:
    """Made by a person at HubSpot."""
    client = portal.client
    return client.object_create(kind, values).id


# --- From HubSpot -------------------------------------------------------------------------------


def test_first_pull_brings_everything_with_its_links(hubspot: Portal, ada: Membership) -> None:
    acme = there(hubspot, "companies", name="Acme", domain="Acme.test")
    bo = there(
        hubspot,
        email="Bo@acme.test",
        firstname="Bo",
        lifecyclestage="marketingqualifiedlead",
        hs_lead_status="OPEN_DEAL",
        hubspot_owner_id="41629779",
    )
    deal = there(
        hubspot,
        "deals",
        dealname="Gold",
        amount="12.50",
        deal_currency_code="AUD",
        pipeline="default",
        dealstage="qualifiedtobuy",
        closedate="2026-12-01",
    )
    note = there(hubspot, "notes", hs_note_body="<p>Hi</p><p>Bo</p>", hs_timestamp="1795248000000")
    task = there(hubspot, "tasks", hs_task_subject="Ring", hs_timestamp="1795248000000")
    for kind, one, to, other in (
        ("contacts", bo, "companies", acme),
        ("deals", deal, "companies", acme),
        ("deals", deal, "contacts", bo),
        ("notes", note, "contacts", bo),
        ("tasks", task, "deals", deal),
    ):
        hubspot.act("link", kind=kind, id=one, to=to, other=other)

    pull(hubspot)

    account, contact = Account.objects.get(), Contact.objects.get()
    sold, noted, todo = Deal.objects.get(), Activity.objects.get(kind="note"), Task.objects.get()
    assert (account.name, account.domain) == ("Acme", "acme.test")
    assert (contact.email, contact.account, contact.owner) == ("bo@acme.test", account, ada.user)
    assert (contact.lifecycle, contact.score_tier) == ("mql", "hot")
    assert (sold.name, sold.amount, sold.probability) == ("Gold", Decimal("12.5"), 40)
    assert (sold.account, sold.primary_contact) == (account, contact)
    assert (sold.stage.name, sold.close_date.isoformat()) == ("Qualified To Buy", "2026-12-01")
    assert (noted.subject, noted.body, noted.contact) == ("Hi", "Hi\nBo", contact)
    assert (todo.title, todo.status, todo.deal) == ("Ring", "open", sold)


@pytest.mark.parametrize("is_told", [True, False])
def test_archived_note_stops_no_stream(hubspot: Portal, is_told: bool) -> None:
    """As set before it was known that what is on a timeline is never archived."""
    note = there(hubspot, "notes", hs_note_body="Hi", hs_timestamp="1795248000000")
    pull(hubspot)
    noted = Activity.objects.get(kind="note")
    SyncState.objects.filter(connection=hubspot.connection).update(on_their_delete="archive")

    hubspot.act("delete", kind="notes", id=note)
    if is_told:
        inbound_add(hubspot.connection, "notes", [note])
        work()
    else:
        pull(hubspot, "notes", is_full=True)

    assert link(hubspot.connection, noted, "notes").state == LinkState.TOMBSTONE
    state = SyncState.objects.get(connection=hubspot.connection, object="notes")
    assert (state.run_cursor, state.last_error) == (None, "")
    assert not SyncJob.objects.filter(state="dead").exists()


def test_change_there_comes_by_web_hook(hubspot: Portal) -> None:
    bo = there(hubspot, email="bo@acme.test", firstname="Bo")
    pull(hubspot)

    hubspot.act("edit", kind="contacts", id=bo, property="firstname", value="Bob")
    delivered(hubspot)

    assert Contact.objects.get().first_name == "Bob"


def test_contact_made_there_comes_by_web_hook_once(hubspot: Portal) -> None:
    pull(hubspot)
    hubspot.act("double_events", on="true")
    hubspot.act("shuffle_events", on="true")

    hubspot.act("create", kind="contacts", property="email", value="bo@acme.test")
    delivered(hubspot)

    assert [one.email for one in Contact.objects.all()] == ["bo@acme.test"]


def test_delta_pull_brings_what_no_web_hook_told(hubspot: Portal) -> None:
    bo = there(hubspot, email="bo@acme.test")
    pull(hubspot)
    hubspot.act("webhook_target", url="http://127.0.0.1:9/nowhere")

    hubspot.client.object_patch("contacts", bo, {"jobtitle": "Buyer"})
    pull(hubspot, "contacts")

    assert Contact.objects.get().title == "Buyer"


def test_pull_of_nothing_new_costs_a_request(hubspot: Portal) -> None:
    hubspot.act("seed", kind="contacts", count="250")
    pull(hubspot)

    calls = hubspot.calls(lambda: pull(hubspot, "contacts"))

    assert Contact.objects.count() == 250
    assert sum(calls.values()) == 1


def test_deletion_there_unlinks_and_archives_nothing_by_default(hubspot: Portal) -> None:
    bo = there(hubspot, email="bo@acme.test")
    pull(hubspot)

    hubspot.act("delete", kind="contacts", id=bo)
    delivered(hubspot)
    pull(hubspot, "contacts", is_full=True)

    contact = Contact.objects.get()
    assert contact.archived_at is None
    assert link(hubspot.connection, contact, "contacts").state == LinkState.TOMBSTONE


@pytest.mark.parametrize("makes_new", ["false", "true"])
def test_merge_there_keeps_one_link_and_makes_nothing_anew(hubspot: Portal, makes_new: str) -> None:
    stays = there(hubspot, email="bo@acme.test", firstname="Bo")
    goes = there(hubspot, email="bob@acme.test", firstname="Bob", phone="+61400000000")
    pull(hubspot)
    hubspot.act("merges_make_new_ids", on=makes_new)

    hubspot.act("merge", kind="contacts", id=stays, other=goes)
    delivered(hubspot)
    pull(hubspot, "contacts", is_full=True)

    alive = SyncRecord.objects.filter(object="contacts", state=LinkState.ACTIVE)
    assert Contact.objects.count() == 2
    (linked,) = alive
    assert hubspot.row("contacts", linked.external_id)["archived"] is False
    assert len([one for one in hubspot.pulled("contacts") if not one.is_deleted]) == 1


# --- To HubSpot ---------------------------------------------------------------------------------


def test_contact_made_here_is_made_there_once(hubspot: Portal, workspace: Workspace) -> None:
    pull(hubspot)
    named = {"name": "Acme", "domain": "acme.test"}
    account = account_create(workspace=workspace, values=named, origin=TEST_ORIGIN)
    values = {"email": "bo@acme.test", "first_name": "Bo", "account": account}
    hubspot.sandbox.misbehave("hubspot", "server_error_done", path="/crm/v3/objects/contacts/batch")

    contact = contact_create(workspace=workspace, values=values, origin=TEST_ORIGIN)
    work()
    work()

    (row,) = hubspot.sandbox.rows("hubspot", "contacts")
    linked = link(hubspot.connection, contact, "contacts")
    assert row["id"] == linked.external_id
    assert row["properties"]["email"] == "bo@acme.test"
    assert row["properties"]["nexa_id"].endswith(f"-{contact.pk}")
    company = link(hubspot.connection, account, "companies").external_id
    assert hubspot.read("contacts", row["id"])[row["id"]].values["@companies"] == company


def test_change_here_is_one_write_and_its_echo_none(hubspot: Portal) -> None:
    bo = there(hubspot, email="bo@acme.test", firstname="Bo")
    pull(hubspot)
    contact = Contact.objects.get()

    contact_update(contact, values={"first_name": "Robert"}, origin=TEST_ORIGIN)
    first = hubspot.calls(work)
    contact.refresh_from_db()
    version = contact.version
    echo = hubspot.calls(lambda: (delivered(hubspot), pull(hubspot, "contacts")))

    assert writes_in(first) == {"POST /crm/v3/objects/contacts/batch/update": 1}
    assert hubspot.value("contacts", bo, "firstname") == "Robert"
    assert writes_in(echo) == {}
    contact.refresh_from_db()
    assert contact.version == version


def test_hundred_and_fifty_changes_here_are_two_writes(hubspot: Portal) -> None:
    hubspot.act("seed", kind="contacts", count="150")
    pull(hubspot)
    for contact in Contact.objects.all():
        contact_update(contact, values={"title": "Buyer"}, origin=TEST_ORIGIN)

    calls = hubspot.calls(work)

    assert writes_in(calls)["POST /crm/v3/objects/contacts/batch/update"] == 2
    rows = hubspot.sandbox.rows("hubspot", "contacts")
    assert {one["properties"].get("jobtitle") for one in rows} == {"Buyer"}


def test_stage_here_goes_there_and_theirs_wins_a_clash(hubspot: Portal) -> None:
    gold = there(hubspot, "deals", dealname="Gold", pipeline="default", dealstage="qualifiedtobuy")
    pull(hubspot)
    deal = Deal.objects.get()
    stages = {one.name: one for one in deal.pipeline.stages.all()}

    deal_update(deal, values={"stage": stages["Contract Sent"]}, origin=TEST_ORIGIN)
    work()
    pushed = hubspot.value("deals", gold, "dealstage")
    deal.refresh_from_db()
    deal_update(
        deal, values={"stage": stages["Closed Lost"], "lost_reason": "Price"}, origin=TEST_ORIGIN
    )
    hubspot.act("edit", kind="deals", id=gold, property="dealstage", value="closedwon")
    delivered(hubspot)

    deal.refresh_from_db()
    assert pushed == "contractsent"
    assert deal.stage.name == "Closed Won"
    assert hubspot.value("deals", gold, "dealstage") == "closedwon"


def test_email_of_ours_wins_a_clash(hubspot: Portal) -> None:
    bo = there(hubspot, email="bo@acme.test")
    pull(hubspot)
    contact = Contact.objects.get()

    contact_update(contact, values={"email": "bo@ours.test"}, origin=TEST_ORIGIN)
    hubspot.act("edit", kind="contacts", id=bo, property="email", value="bo@theirs.test")
    delivered(hubspot)
    work()

    contact.refresh_from_db()
    assert contact.email == "bo@ours.test"
    assert hubspot.value("contacts", bo, "email") == "bo@ours.test"


def test_note_and_task_of_ours_go_there_with_their_links(
    hubspot: Portal, workspace: Workspace
) -> None:
    bo = there(hubspot, email="bo@acme.test")
    pull(hubspot)
    contact = Contact.objects.get()

    note = note_add(contact, body="Rang him.\nWill buy.", origin=TEST_ORIGIN)
    task = task_create(
        workspace=workspace,
        values={"title": "Send offer", "contact": contact, "priority": "urgent"},
        origin=TEST_ORIGIN,
    )
    work()
    pull(hubspot, "notes", "tasks", is_full=True)

    noted = link(hubspot.connection, note, "notes").external_id
    todo = link(hubspot.connection, task, "tasks").external_id
    assert hubspot.value("notes", noted, "hs_note_body") == "Rang him.<br>Will buy."
    assert hubspot.value("tasks", todo, "hs_task_priority") == "HIGH"
    assert hubspot.read("notes", noted)[noted].values["@contacts"] == bo
    assert hubspot.read("tasks", todo)[todo].values["@contacts"] == bo
    assert (Activity.objects.filter(kind="note").count(), Task.objects.count()) == (1, 1)
    task.refresh_from_db()
    assert task.priority == "urgent"


def test_each_stream_of_activities_counts_its_own_kind_alone(hubspot: Portal) -> None:
    there(hubspot, email="bo@acme.test")
    pull(hubspot)
    contact = Contact.objects.get()
    for number in range(3):
        note_add(contact, body=f"Note {number}", origin=TEST_ORIGIN)
    call_log(contact, subject="Rang", direction="outbound", origin=TEST_ORIGIN)
    wanted = {"notes": 3, "calls": 1, "meetings": 0}
    states = {one.object: one for one in hubspot.connection.sync_states.all()}

    rehearsed = {name: rehearsal_dry(states[name]).details["counts"] for name in wanted}
    work()
    compared = {name: reconcile_now(states[name]).details for name in wanted}

    assert {name: one["made_there"] for name, one in rehearsed.items()} == wanted
    assert {name: one["counts"]["same"] for name, one in compared.items()} == wanted
    assert {one["percent"] for one in compared.values()} == {100}


def test_work_given_up_counts_for_the_stream_of_its_kind(hubspot: Portal) -> None:
    there(hubspot, email="bo@acme.test")
    pull(hubspot)
    note_add(Contact.objects.get(), body="Hi", origin=TEST_ORIGIN)
    SyncJob.objects.filter(record_type="activity").update(state="dead")

    found = {
        one.object
        for one in hubspot.connection.sync_states.all()
        if any("given up" in reason for reason in stream_health(one).reasons)
    }

    assert found == {"notes"}


def test_all_comes_to_rest(hubspot: Portal) -> None:
    for number in range(3):
        there(hubspot, "companies", name=f"Company {number}", domain=f"c{number}.test")
        there(hubspot, email=f"p{number}@c{number}.test", phone="+61 400 000 000")
        there(hubspot, "deals", dealname=f"Deal {number}")
    pull(hubspot)

    calls = hubspot.calls(lambda: pull(hubspot, is_full=True))

    assert writes_in(calls) == {}
    assert not SyncJob.objects.filter(state="dead").exists()
    assert not SyncState.objects.exclude(last_error="").exists()
