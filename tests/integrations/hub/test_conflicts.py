"""The conflict inbox: both values shown, a person's decision carried out, workspaces apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.choices import Role
from crm.models import Change, Contact, User, Workspace
from integrations.hub.conflict_lines import conflict_lines
from integrations.hub.conflicts import (
    conflict_resolve,
    conflicts_of,
    conflicts_resolve,
    open_count,
)
from integrations.hub.errors import Conflict
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.merge import Side
from integrations.hub.models import (
    ConflictState,
    Connection,
    ConnectionState,
    FieldMapping,
    LinkState,
    OwnershipMapping,
    SyncConflict,
    SyncJob,
    SyncRecord,
)
from integrations.hub.sync.links import tombstone
from tests import factories
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mapping import pocket

pytestmark = pytest.mark.django_db

CLOSING = import_module("integrations.hub.migrations.0014_conflicts_of_ended_links")
TELLING = import_module("integrations.hub.migrations.0017_conflicts_left_undecided")
PAGE = "hub:conflict_list"


@pytest.fixture
def connection(workspace: Workspace) -> Iterator[Connection]:
    with pocket.installed():
        connection = connection_make(workspace, provider="pocket", name="Pocket")
        defaults_ensure(connection, pocket.PEOPLE)
        yield connection


def conflict_make(connection: Connection, owner: User | None = None, **fields: Any) -> SyncConflict:
    contact = Contact.objects.create(
        workspace=connection.workspace, first_name="Ada", last_name="Byron", owner=owner
    )
    link = SyncRecord.objects.create(
        connection=connection,
        object="person",
        record_type="contact",
        local_id=contact.pk,
        external_id=f"p{contact.pk}",
    )
    values = {
        "field": "title",
        "base": "Analyst",
        "ours": "Countess",
        "theirs": "Engineer",
        "rule": "manual",
    }
    return SyncConflict.objects.create(
        connection=connection,
        link=link,
        object="person",
        record_type="contact",
        local_id=contact.pk,
        **(values | fields),
    )


def page(client: Client, query: str = "") -> str:
    return client.get(reverse(PAGE) + query).content.decode()


def test_inbox_is_narrowed_to_one_record(connection: Connection, sales_client: Client) -> None:
    one, other = conflict_make(connection), conflict_make(connection)

    found = page(sales_client, f"?record=contact-{one.local_id}")

    assert f'id="conflict-{one.pk}"' in found
    assert f'id="conflict-{other.pk}"' not in found
    assert '<span class="chip">Record: Ada Byron</span>' in found
    assert f'id="conflict-{other.pk}"' in page(sales_client, "?record=user-1&record=x")


def decide(client: Client, **values: Any) -> Any:
    return client.post(reverse("hub:conflict_decide"), values, follow=True)


# --- The decision -------------------------------------------------------------------------------
def test_decision_is_kept_told_and_given_to_the_engine(
    connection: Connection, manager: User
) -> None:
    conflict = conflict_make(connection)

    conflict_resolve(conflict, winner=Side.THEIRS, actor=manager)

    conflict.refresh_from_db()
    assert (conflict.state, conflict.winner) == (ConflictState.DECIDED, "theirs")
    assert (conflict.resolved_by, conflict.resolved_at is None) == (manager, False)
    job = SyncJob.objects.get(connection=connection)
    assert (job.record_type, job.record_id) == ("contact", conflict.local_id)
    act = Change.objects.get(record_type="syncconflict", record_id=conflict.pk)
    assert act.diff == {"state": ["open", "decided"], "winner": ["", "theirs"]}
    assert act.actor == manager


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ConflictState.DECIDED, "decided already"),
        (ConflictState.RESOLVED, "closed"),
        (ConflictState.SETTLED, "closed"),
    ],
)
def test_conflict_that_does_not_wait_is_left_alone(
    connection: Connection, manager: User, state: ConflictState, said: str
) -> None:
    conflict = conflict_make(connection, state=state, winner="ours")

    with pytest.raises(Conflict, match=said):
        conflict_resolve(conflict, winner=Side.THEIRS, actor=manager)

    conflict.refresh_from_db()
    assert (conflict.state, conflict.winner) == (state, "ours")
    assert not SyncJob.objects.exists()


@pytest.mark.parametrize("state", [ConflictState.DECIDED, ConflictState.RESOLVED])
def test_refusal_names_who_decided_and_when(
    connection: Connection, manager: User, state: ConflictState
) -> None:
    at = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
    conflict = conflict_make(
        connection, state=state, winner="theirs", resolved_by=manager, resolved_at=at
    )

    with pytest.raises(Conflict) as refusal:
        conflict_resolve(conflict, winner=Side.OURS, actor=manager)

    said = str(refusal.value)
    assert f"decided already by {manager} on" in said
    assert "2026" in said
    assert "their value is taken" in said


def test_conflict_that_cannot_be_carried_out_is_refused(
    connection: Connection, manager: User
) -> None:
    unlinked, disconnected = conflict_make(connection), conflict_make(connection)
    SyncRecord.objects.filter(pk=unlinked.link_id).update(state=LinkState.TOMBSTONE)
    with pytest.raises(Conflict, match="not linked"):
        conflict_resolve(unlinked, winner=Side.OURS, actor=manager)

    Connection.objects.filter(pk=connection.pk).update(state=ConnectionState.DISABLED)
    with pytest.raises(Conflict, match="disconnected"):
        conflict_resolve(disconnected, winner=Side.OURS, actor=manager)


def test_many_are_decided_each_for_itself(connection: Connection, manager: User) -> None:
    waiting = [conflict_make(connection) for _ in range(2)]
    closed = conflict_make(connection, state=ConflictState.RESOLVED)

    done, refused = conflicts_resolve([*waiting, closed], winner=Side.OURS, actor=manager)

    assert (done, len(refused)) == (2, 1)
    assert open_count(connection.workspace) == 0


def test_refusal_of_many_names_the_field_and_the_record(
    connection: Connection, manager: User
) -> None:
    closed = conflict_make(connection, state=ConflictState.RESOLVED)

    _, [said] = conflicts_resolve([closed], winner=Side.OURS, actor=manager)

    assert said.startswith("Job title of Ada Byron: ")


# --- The page -----------------------------------------------------------------------------------
def test_page_shows_both_values_and_what_they_were(
    connection: Connection, manager_client: Client
) -> None:
    conflict = conflict_make(connection)

    shown = page(manager_client)

    for word in ("Countess", "Engineer", "Analyst", "Ada Byron", "a person decides"):
        assert word in shown
    assert reverse("crm:contact_detail", args=[conflict.local_id]) in shown
    assert f"https://app.pocket.test/person/{conflict.link.external_id}" in shown


def test_page_shows_their_share_in_the_unit_of_ours(
    connection: Connection, manager_client: Client
) -> None:
    FieldMapping.objects.create(
        connection=connection,
        object="person",
        path="engagement_score",
        external="share",
        transform=[{"kind": "number", "factor": "100"}],
    )
    conflict_make(connection, field="engagement_score", ours=25, theirs="0.4", base=10)

    (line,) = conflict_lines(conflicts_of(connection.workspace))

    assert (line.ours, line.theirs) == ("25", "40")


def test_page_says_why_nobody_can_decide_any_more(
    connection: Connection, manager_client: Client
) -> None:
    conflict = conflict_make(connection)
    tombstone(conflict.link, "Gone at the vendor.")

    assert "Countess" not in page(manager_client)
    shown = page(manager_client, "?state=left")

    for word in ("Countess", "Engineer", "Left undecided", "ended before this was decided"):
        assert word in shown


def test_conflicts_of_links_that_ended_before_are_closed_by_the_migration(
    connection: Connection,
) -> None:
    ended, alive = conflict_make(connection), conflict_make(connection)
    decided = conflict_make(connection, state=ConflictState.DECIDED, winner="ours")
    SyncRecord.objects.filter(pk__in=[ended.link_id, decided.link_id]).update(
        state=LinkState.TOMBSTONE, state_at=Now()
    )

    with database.cursor() as cursor:
        cursor.execute(CLOSING.CLOSE)
        cursor.execute(TELLING.TELL_APART)

    for conflict in (ended, decided):
        assert SyncConflict.objects.get(pk=conflict.pk).state == ConflictState.LEFT
    alive.refresh_from_db()
    assert alive.state == ConflictState.OPEN


def test_page_names_links_people_and_choices(
    connection: Connection, manager_client: Client, salesperson: User
) -> None:
    OwnershipMapping.objects.create(connection=connection, external_id="o1", external_name="Olga")
    owned = conflict_make(connection, field="owner", ours=salesperson.pk, theirs="unmapped:o1")
    conflict_make(connection, field="lifecycle", ours="sql", theirs="c", base="lead")
    assert owned.ours == salesperson.pk

    shown = page(manager_client)

    for word in (str(salesperson), "Olga", "Sales qualified", "Customer"):
        assert word in shown
    assert "unmapped:" not in shown


def test_button_decides_one_and_comes_back_to_the_same_list(
    connection: Connection, manager_client: Client
) -> None:
    conflict, other = conflict_make(connection), conflict_make(connection)

    answer = decide(manager_client, ours=conflict.pk, address=f"connection={connection.pk}")

    conflict.refresh_from_db()
    other.refresh_from_db()
    assert (conflict.state, conflict.winner) == (ConflictState.DECIDED, "ours")
    assert other.state == ConflictState.OPEN
    assert answer.request["QUERY_STRING"] == f"connection={connection.pk}"
    assert "1 conflict is decided" in answer.content.decode()


def test_button_below_decides_all_that_are_selected(
    connection: Connection, manager_client: Client
) -> None:
    chosen = [conflict_make(connection) for _ in range(2)]
    left = conflict_make(connection)

    decide(manager_client, winner="theirs", chosen=[one.pk for one in chosen])

    states = [SyncConflict.objects.get(pk=one.pk).state for one in (*chosen, left)]
    assert states == ["decided", "decided", "open"]


def test_button_below_without_a_choice_says_so(
    connection: Connection, manager_client: Client
) -> None:
    conflict_make(connection)

    answer = decide(manager_client, winner="theirs").content.decode()

    assert "tick the conflicts first" in answer
    assert SyncConflict.objects.get().state == ConflictState.OPEN


@pytest.mark.parametrize("values", [{"ours": "x"}, {"winner": "nobody", "chosen": ["1"]}, {}])
def test_nonsense_decides_nothing(
    connection: Connection, manager_client: Client, values: dict[str, Any]
) -> None:
    conflict_make(connection)

    assert decide(manager_client, **values).status_code == 200
    assert SyncConflict.objects.get().state == ConflictState.OPEN


def test_conflicts_of_another_workspace_are_neither_seen_nor_decided(
    connection: Connection, outsider: User, outsider_client: Client
) -> None:
    elsewhere = factories.workspace_make()
    factories.membership_make(elsewhere, role=Role.OWNER, user=outsider)
    conflict = conflict_make(connection)

    assert "Countess" not in page(outsider_client)
    decide(outsider_client, ours=conflict.pk)

    conflict.refresh_from_db()
    assert conflict.state == ConflictState.OPEN


def test_member_decides_own_records_only(
    connection: Connection, sales_client: Client, salesperson: User, manager: User
) -> None:
    own = conflict_make(connection, owner=salesperson)
    foreign = conflict_make(connection, owner=manager)

    answer = decide(sales_client, winner="ours", chosen=[own.pk, foreign.pk]).content.decode()

    assert [SyncConflict.objects.get(pk=one.pk).state for one in (own, foreign)] == [
        "decided",
        "open",
    ]
    assert "a manager decides" in answer


def test_viewer_sees_and_does_not_decide(connection: Connection, viewer_client: Client) -> None:
    conflict = conflict_make(connection)

    assert "Countess" in page(viewer_client)
    assert "Keep ours" not in page(viewer_client)
    assert decide(viewer_client, ours=conflict.pk).status_code == 403


def test_list_is_narrowed_by_state_connection_and_field(
    connection: Connection, workspace: Workspace, manager_client: Client
) -> None:
    other = connection_make(workspace, provider="pocket", name="Second")
    conflict_make(connection, ours="Waiting here")
    conflict_make(other, ours="Of the second", field="first_name")
    conflict_make(connection, ours="Closed one", state=ConflictState.SETTLED, winner="ours")

    by_default = page(manager_client)
    assert "Waiting here" in by_default
    assert "Closed one" not in by_default
    assert "Closed one" in page(manager_client, "?state=settled")
    assert "Closed one" in page(manager_client, "?state=all")
    of_second = page(manager_client, f"?connection={other.pk}&field=first_name")
    assert ("Of the second" in of_second, "Waiting here" in of_second) == (True, False)
    assert "No conflicts match" in page(manager_client, f"?connection={other.pk}&field=title")
    assert page(manager_client, "?connection=x&state=y&page=z")


def test_empty_inbox_says_when_something_comes(manager_client: Client) -> None:
    assert "both values wait here" in page(manager_client)


def test_record_that_is_gone_is_said(connection: Connection, manager_client: Client) -> None:
    conflict = conflict_make(connection)
    Contact.objects.filter(pk=conflict.local_id).delete()

    assert "no longer here" in page(manager_client)


def test_inbox_is_in_the_sidebar(sales_client: Client) -> None:
    assert reverse(PAGE) in sales_client.get(reverse("crm:home")).content.decode()


def test_page_costs_as_many_queries_however_many_conflicts_it_shows(
    connection: Connection, manager_client: Client, salesperson: User
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            conflict_make(connection)
            conflict_make(connection, field="owner", ours=salesperson.pk, theirs="o1")
        with CaptureQueriesContext(database) as asked:
            page(manager_client)
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert counts[0] <= 14


@pytest.mark.parametrize("number", ["999999", "x", "9" * 40])
def test_button_of_a_conflict_that_is_gone_says_so(admin_client: Client, number: str) -> None:
    address = reverse("hub:conflict_decide")

    page = admin_client.post(address, {"ours": number}, follow=True).content.decode()

    assert "This conflict is not there any more" in page
    assert "tick the conflicts" not in page
