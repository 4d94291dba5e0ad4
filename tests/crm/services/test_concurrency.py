"""Two workers at once, on real connections: things happen once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import close_old_connections, connection, transaction

from crm.choices import Severity
from crm.models import (
    Account,
    Activity,
    Alert,
    Change,
    Contact,
    Deal,
    Lead,
    Payment,
    Stage,
    Task,
    Workspace,
)
from crm.services.accounts import account_update
from crm.services.activities import activity_log
from crm.services.alerts import alert_raise
from crm.services.billing import InvoiceFact, invoice_failed, invoice_paid
from crm.services.deals import deal_create, deal_move
from crm.services.errors import InvalidRecord, StaleRecord
from crm.services.leads import lead_convert, lead_create
from crm.services.origin import Origin
from crm.services.pipelines import pipeline_default
from crm.services.stages import stage_update
from crm.services.tasks import task_create
from crm.signals import deal_won
from tests.factories import TEST_ORIGIN

# Rows that a data migration made are put back, for tests after this one need them.
pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 4


def at_once(work: Callable[[], Any], times: int = WORKERS) -> list[Any]:
    """Run the work in several threads that start together; results, or what each raised."""
    gate, results = threading.Barrier(times), [None] * times

    def run(place: int) -> None:
        close_old_connections()
        try:
            gate.wait(timeout=10)
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def raised(results: list[Any]) -> list[BaseException]:
    return [result for result in results if isinstance(result, BaseException)]


def test_same_payment_at_once_moves_health_once(
    account: Account, workspace: Workspace, invoice_fact: Callable[..., InvoiceFact], vendor: Origin
) -> None:
    results = at_once(lambda: invoice_paid(workspace, invoice_fact(), vendor))

    account.refresh_from_db()
    assert raised(results) == []
    assert account.health_score == 75
    assert Payment.objects.count() == Activity.objects.count() == 1


def test_two_payments_at_once_both_count(
    account: Account, workspace: Workspace, invoice_fact: Callable[..., InvoiceFact], vendor: Origin
) -> None:
    facts = [invoice_fact(external_id=f"in_{number}") for number in range(WORKERS)]

    results = at_once(lambda: invoice_paid(workspace, facts.pop(), vendor))

    account.refresh_from_db()
    assert raised(results) == []
    assert account.health_score == 70 + 5 * WORKERS


def test_payment_without_account_at_once_is_kept_once(
    workspace: Workspace, invoice_fact: Callable[..., InvoiceFact], vendor: Origin
) -> None:
    fact = invoice_fact(account_id=None)

    results = at_once(lambda: invoice_paid(workspace, fact, vendor))

    assert raised(results) == []
    assert Payment.objects.count() == Activity.objects.count() == 1


def test_payment_and_failure_at_once_end_current(
    account: Account, workspace: Workspace, invoice_fact: Callable[..., InvoiceFact], vendor: Origin
) -> None:
    works: list[Callable[[], Any]] = [
        lambda: invoice_paid(workspace, invoice_fact(attempt_count=2), vendor),
        lambda: invoice_failed(workspace, invoice_fact(status="open"), "declined", vendor),
    ]

    results = at_once(lambda: works.pop()(), times=2)

    account.refresh_from_db()
    assert raised(results) == []
    assert (account.payment_status, account.health_score) == ("current", 60)
    assert not Alert.objects.exclude(status="resolved").exists()
    assert not Task.objects.filter(status="open").exists()


def test_alert_raised_at_once_is_one_row_that_counts(workspace: Workspace) -> None:
    results = at_once(
        lambda: alert_raise(
            workspace=workspace,
            kind="sync_failing",
            severity=Severity.WARNING,
            message="Sync fails.",
            subject_key="connection:1",
            origin=TEST_ORIGIN,
        )
    )

    assert raised(results) == []
    assert Alert.objects.get().occurrences == WORKERS
    assert Change.objects.filter(record_type="alert", action="created").count() == 1


def test_deal_won_is_told_once_when_workers_race(workspace: Workspace) -> None:
    deal = deal_create(workspace=workspace, values={"name": "Race"}, origin=TEST_ORIGIN)
    won_stage = deal.pipeline.stages.get(is_won=True)
    told: list[Deal] = []

    def receiver(sender: object, deal: Deal, **kwargs: Any) -> None:
        told.append(deal)

    deal_won.connect(receiver)
    try:
        results = at_once(lambda: deal_move(deal, won_stage, origin=TEST_ORIGIN))
    finally:
        deal_won.disconnect(receiver)

    assert raised(results) == []
    assert len(told) == 1
    assert Activity.objects.filter(kind="stage_changed").count() == 1


def behind(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start the work in a thread and return when it waits for a row this transaction holds.

    Call what is returned, after the transaction, for the work's result or what it raised.
    """
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.extend(at_once(work, times=1)))
    thread.start()
    deadline = time.monotonic() + 30
    waiting = "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    with connection.cursor() as cursor:
        while not cursor.execute(waiting).fetchone():
            thread.join(timeout=0.02)
            assert thread.is_alive(), f"Nothing was waited for: {results}"
            assert time.monotonic() < deadline

    def result() -> Any:
        thread.join(timeout=30)
        return results[0]

    return result


@pytest.fixture
def won() -> Iterator[list[int]]:
    """The ids of the deals told to be won."""
    told: list[int] = []

    def receiver(sender: object, deal: Deal, **kwargs: Any) -> None:
        told.append(deal.pk)

    deal_won.connect(receiver)
    yield told
    deal_won.disconnect(receiver)


@pytest.mark.parametrize("is_new", [True, False])
def test_deal_put_in_a_stage_that_just_became_won_is_won(
    workspace: Workspace, won: list[int], is_new: bool
) -> None:
    deal = deal_create(workspace=workspace, values={"name": "Roof"}, origin=TEST_ORIGIN)
    stage = deal.pipeline.stages.get(name="Proposal")

    def put() -> Deal:
        if is_new:
            values = {"name": "Wall", "stage": stage}
            return deal_create(workspace=workspace, values=values, origin=TEST_ORIGIN)
        return deal_move(deal, stage, origin=TEST_ORIGIN)

    with transaction.atomic():
        values = {"is_won": True, "probability": 90}
        stage_update(Stage.objects.get(pk=stage.pk), values=values, origin=TEST_ORIGIN)
        result = behind(put)

    put_in = Deal.objects.get(pk=result().pk)
    assert won == [put_in.pk]
    assert (put_in.stage, put_in.probability) == (stage, 90)
    assert put_in.closed_at is not None


def test_deal_starts_in_the_next_stage_when_the_first_just_became_won(
    workspace: Workspace, won: list[int]
) -> None:
    first = pipeline_default(workspace).stages.get(name="New")

    with transaction.atomic():
        stage_update(first, values={"is_won": True}, origin=TEST_ORIGIN)
        values = {"name": "Roof"}
        result = behind(lambda: deal_create(workspace=workspace, values=values, origin=TEST_ORIGIN))

    assert (result().stage.name, won) == ("Qualified", [])


def test_stage_that_deals_are_just_put_in_keeps_its_outcome(
    workspace: Workspace, won: list[int]
) -> None:
    deal = deal_create(workspace=workspace, values={"name": "Roof"}, origin=TEST_ORIGIN)
    stage = deal.pipeline.stages.get(name="Proposal")

    with transaction.atomic():
        deal_move(deal, stage, origin=TEST_ORIGIN)
        result = behind(lambda: stage_update(stage, values={"is_won": True}, origin=TEST_ORIGIN))

    assert "1 deal is in this stage" in str(result())
    assert won == []


def test_new_probability_of_a_stage_spares_a_deal_that_just_left_it(workspace: Workspace) -> None:
    left, stays = (
        deal_create(workspace=workspace, values={"name": name}, origin=TEST_ORIGIN)
        for name in ("Roof", "Wall")
    )
    stage, proposal = left.stage, left.pipeline.stages.get(name="Proposal")

    with transaction.atomic():
        deal_move(left, proposal, origin=TEST_ORIGIN)
        result = behind(lambda: stage_update(stage, values={"probability": 15}, origin=TEST_ORIGIN))

    assert result().probability == 15
    found = dict(Deal.objects.values_list("pk", "probability"))
    assert found == {left.pk: 50, stays.pk: 15}


def test_expected_version_lets_one_writer_through(account: Account) -> None:
    seen, names = account.version, [f"Name {number}" for number in range(WORKERS)]

    results = at_once(
        lambda: account_update(
            account, values={"name": names.pop()}, origin=TEST_ORIGIN, expected_version=seen
        )
    )

    assert [type(error) for error in raised(results)] == [StaleRecord] * (WORKERS - 1)
    account.refresh_from_db()
    assert account.version == seen + 1


def test_leads_of_one_person_become_one_contact(workspace: Workspace) -> None:
    values = {"last_name": "Byron", "email": "ada@acme.test", "company": "Acme"}
    waiting = [
        lead_create(workspace=workspace, values=values, origin=TEST_ORIGIN) for _ in range(WORKERS)
    ]

    results = at_once(lambda: lead_convert(waiting.pop(), origin=TEST_ORIGIN))

    assert raised(results) == []
    assert (Contact.objects.count(), Account.objects.count()) == (1, 1)
    assert Deal.objects.count() == WORKERS


def test_lead_is_converted_once(workspace: Workspace) -> None:
    values = {"last_name": "Race", "email": "race@acme.test"}
    lead = lead_create(workspace=workspace, values=values, origin=TEST_ORIGIN)

    results = at_once(lambda: lead_convert(lead, origin=TEST_ORIGIN))

    assert [type(error) for error in raised(results)] == [InvalidRecord] * (WORKERS - 1)
    assert Deal.objects.count() == 1
    assert Lead.objects.get().converted_deal == Deal.objects.get()


def test_reported_activity_and_keyed_task_are_made_once(workspace: Workspace) -> None:
    def work() -> None:
        values = {"kind": "note", "subject": "Once"}
        activity_log(
            workspace=workspace, values=values, origin=TEST_ORIGIN, source="x", external_id="1"
        )
        task_create(
            workspace=workspace, values={"title": "Once"}, origin=TEST_ORIGIN, source_key="1"
        )

    results = at_once(work)

    assert raised(results) == []
    assert Activity.objects.count() == Task.objects.count() == 1
