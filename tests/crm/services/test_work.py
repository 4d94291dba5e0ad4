"""Tasks, activities and alerts are made once and told in words."""

from __future__ import annotations

import pytest

from crm.models import Account, Alert, Change, Contact, Task, User, Workspace
from crm.services.activities import activity_log, call_log, note_add
from crm.services.alerts import alert_acknowledge, alert_raise, alert_resolve, alerts_resolve
from crm.services.contacts import contact_create
from crm.services.errors import InvalidRecord, WrongWorkspace
from crm.services.origin import Origin
from crm.services.tasks import task_complete, task_create, task_reopen, task_update
from tests.factories import TEST_ORIGIN, user_make, workspace_make


@pytest.fixture
def contact(workspace: Workspace, account: Account, origin: Origin) -> Contact:
    values = {"last_name": "Lee", "account": account}
    return contact_create(workspace=workspace, values=values, origin=origin)


def raise_alert(workspace: Workspace, severity: str = "warning", message: str = "Late.") -> Alert:
    return alert_raise(
        workspace=workspace,
        kind="late",
        severity=severity,
        message=message,
        subject_key="x",
        origin=TEST_ORIGIN,
    )


def test_task_completion_follows_the_status(workspace: Workspace, origin: Origin) -> None:
    task = task_create(workspace=workspace, values={"title": "Call"}, origin=origin)

    done = task_complete(task, origin=origin)
    again = task_update(done, values={"status": "done"}, origin=origin)
    reopened = task_reopen(done, origin=origin)

    assert done.completed_at is not None
    assert (again.completed_at, again.version) == (done.completed_at, done.version)
    assert (reopened.status, reopened.completed_at) == ("open", None)


def test_task_with_source_key_is_made_once(workspace: Workspace, origin: Origin) -> None:
    tasks = {
        task_create(
            workspace=workspace, values={"title": "Once"}, origin=origin, source_key="meeting:1"
        )
        for _ in range(2)
    }

    assert tasks == {Task.objects.get()}


def test_note_is_on_contact_and_account(contact: Contact, account: Account, origin: Origin) -> None:
    body = "They love it.\nNext: how much for ten seats?"

    note = note_add(contact, body=body, origin=origin)

    assert (note.contact, note.account, note.actor) == (contact, account, origin.actor)
    assert note.subject == "They love it."
    assert (note.sentiment, note.intent) == (1.0, "pricing")


def test_empty_note_is_refused(contact: Contact, origin: Origin) -> None:
    with pytest.raises(InvalidRecord, match="Write something"):
        note_add(contact, body="  ", origin=origin)


def test_call_moves_last_contact(contact: Contact, origin: Origin) -> None:
    call = call_log(contact, subject="Pricing", origin=origin)

    contact.refresh_from_db()
    assert contact.last_contacted_at == call.occurred_at
    change = Change.objects.filter(record_type="contact").latest("id")
    assert (change.origin_id, change.reason) == ("last_contact", "Call: Pricing")


def test_reported_activity_is_logged_once(contact: Contact, workspace: Workspace) -> None:
    values = {"kind": "email_opened", "subject": "Opened", "contact": contact}
    reports = [
        activity_log(
            workspace=workspace,
            values=values,
            origin=TEST_ORIGIN,
            source="mail:1",
            external_id="e1",
        )
        for _ in range(2)
    ]

    (first, is_new), (second, is_new_again) = reports
    assert first == second
    assert (is_new, is_new_again) == (True, False)


def test_activity_details_are_cleaned_for_the_database(workspace: Workspace) -> None:
    values = {"kind": "ticket", "subject": "T", "details": {"a\x00": ["b\x00", 1, None]}}

    activity, _ = activity_log(workspace=workspace, values=values, origin=TEST_ORIGIN)

    activity.refresh_from_db()
    assert activity.details == {"a": ["b", 1, None]}


def test_same_open_alert_counts_and_only_grows_graver(workspace: Workspace) -> None:
    first = raise_alert(workspace)
    second = raise_alert(workspace, severity="urgent", message="Later.")
    third = raise_alert(workspace, severity="info")

    assert first == second == third
    assert (third.occurrences, third.severity, second.message) == (3, "urgent", "Later.")
    diffs = Change.objects.filter(record_type="alert").order_by("id").values_list("diff", flat=True)
    assert list(diffs)[1:] == [{"occurrences": [1, 2]}, {"occurrences": [2, 3]}]


def test_acknowledged_alert_counts_on_and_resolved_one_is_followed_by_a_new_one(
    workspace: Workspace, origin: Origin
) -> None:
    first = alert_acknowledge(raise_alert(workspace), origin=origin)
    assert raise_alert(workspace) == first

    resolved = alert_resolve(first, origin=origin)
    assert resolved.resolved_at is not None
    assert raise_alert(workspace) != first


def test_alerts_resolve_by_subject(workspace: Workspace, origin: Origin) -> None:
    raise_alert(workspace)

    for expected in (1, 0):
        count = alerts_resolve(workspace=workspace, kind="late", subject_key="x", origin=origin)
        assert count == expected


def test_alert_refuses_strangers(workspace: Workspace, account: Account) -> None:
    def attempt(**changes: Account | User | str) -> None:
        values = {"severity": "info", "kind": "k", "message": "m", "subject_key": "x"}
        alert_raise(workspace=workspace, origin=TEST_ORIGIN, **{**values, **changes})  # type: ignore[arg-type]

    with pytest.raises(InvalidRecord):
        attempt(assigned_to=user_make())
    with pytest.raises(InvalidRecord):
        attempt(severity="dreadful")
    with pytest.raises(WrongWorkspace):
        alert_raise(
            workspace=workspace_make(),
            kind="k",
            severity="info",
            message="m",
            subject_key="x",
            origin=TEST_ORIGIN,
            account=account,
        )
