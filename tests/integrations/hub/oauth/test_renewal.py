"""Tokens are renewed ahead of their end, by one process at a time, and only ended by a refusal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection as database
from django.db.models import F, Value
from django.test import override_settings
from werkzeug.wrappers import Request

from crm.models import Alert, User, Workspace
from integrations.hub import connections, leases
from integrations.hub.credentials import Secrets
from integrations.hub.errors import GateClosed
from integrations.hub.models import (
    Connection,
    ConnectionState,
    GateReason,
    JobState,
    OAuthApplication,
    SyncJob,
)
from integrations.hub.oauth import access_token, renewal
from integrations.hub.oauth.idling import idle_touch
from integrations.hub.oauth.names import GrantRefused
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import command_make, in_threads
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor, Script, answered
from tests.integrations.hub.oauth.conftest import signed_in, token_age, token_ended

pytestmark = pytest.mark.django_db(transaction=True)


def stored(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def meanwhile(act: Any) -> Script:
    """Something happens while the vendor takes its time; then it answers as usual."""

    def answer(request: Request) -> None:
        try:
            act()
        finally:
            database.close()

    return answer


def cool_down_over() -> None:
    Connection.objects.update(
        refresh_after=F("refresh_after") - Value(timedelta(seconds=31)),
        gate_until=F("gate_until") - Value(timedelta(seconds=31)),
    )


# --- When ---------------------------------------------------------------------------------------
def test_token_with_time_left_is_used_as_it_is(connection: Connection, vendor: AcmeVendor) -> None:
    assert access_token(token_age(connection, 14)) == connection.secret("access_token")
    assert vendor.refreshes == 0


def test_token_with_a_quarter_of_an_hour_left_is_renewed(
    connection: Connection, vendor: AcmeVendor
) -> None:
    token = access_token(token_age(connection, 16))

    now = stored(connection)
    assert vendor.refreshes == 1
    assert token == now.secret("access_token") != connection.secret("access_token")
    assert now.secret("refresh_token") == vendor.grants[0].refresh
    assert (now.token_version, now.refresh_error) == (2, "")
    assert now.last_refresh_at is not None
    assert acme.call(now, "GET", "/account")["id"] == "acct_1"


@pytest.mark.parametrize(("age", "refreshes"), [(55, 0), (65, 1)])
def test_short_lived_token_is_renewed_at_half_its_life(
    connection: Connection, vendor: AcmeVendor, age: int, refreshes: int
) -> None:
    lives = Value(timedelta(seconds=120))
    aged = token_age(connection, age / 60)
    Connection.objects.update(expires_at=F("token_issued_at") + lives)

    access_token(aged)

    assert vendor.refreshes == refreshes


def test_token_that_does_not_end_is_never_renewed(
    connection: Connection, vendor: AcmeVendor
) -> None:
    Connection.objects.update(expires_at=None)

    assert access_token(stored(connection)) == connection.secret("access_token")
    assert vendor.refreshes == 0


def test_key_is_given_as_it_is(workspace: Workspace, vendor: AcmeVendor) -> None:
    typed = Connection.objects.create(
        workspace=workspace,
        provider="acme",
        name="Typed",
        credentials=Secrets({"access_token": acme.KEY}),
    )

    assert access_token(typed) == acme.KEY
    assert vendor.requests == []


def test_token_that_another_process_renewed_is_taken_over(
    connection: Connection, vendor: AcmeVendor
) -> None:
    access_token(token_age(connection, 20))

    assert access_token(connection) == stored(connection).secret("access_token")
    assert vendor.refreshes == 1


# --- What is kept -------------------------------------------------------------------------------
def test_refresh_token_that_the_answer_leaves_out_stays(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.keeps_refresh = True

    access_token(token_age(connection, 20))

    assert stored(connection).secret("refresh_token") == connection.secret("refresh_token")
    assert stored(connection).secret("access_token") != connection.secret("access_token")


def test_secret_that_was_put_beside_the_token_meanwhile_stays(
    connection: Connection, vendor: AcmeVendor
) -> None:
    def hook_registered() -> None:
        row = stored(connection)
        row.credentials = row.credentials.merged({"webhook_secret": "whispered"})
        row.save(update_fields=["credentials"])

    vendor.token_script = [meanwhile(hook_registered)]

    access_token(token_age(connection, 20))

    assert stored(connection).secret("webhook_secret") == "whispered"
    assert stored(connection).secret("refresh_token") == vendor.grants[0].refresh


def test_scopes_follow_what_the_vendor_grants_now(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.grants[0].scopes = ["things.read"]

    access_token(token_age(connection, 20))

    assert stored(connection).scopes == ["things.read"]


# --- One at a time ------------------------------------------------------------------------------
def test_twenty_threads_see_a_token_that_is_over_and_one_renews_it(
    connection: Connection, vendor: AcmeVendor
) -> None:
    token_ended(connection, vendor)

    tokens = in_threads(20, lambda number: access_token(stored(connection)))

    assert vendor.refreshes == 1
    assert set(tokens) == {stored(connection).secret("access_token")}
    assert acme.call(stored(connection), "GET", "/account")["id"] == "acct_1"


def test_who_finds_another_renewing_uses_the_token_that_is_still_good(
    connection: Connection, vendor: AcmeVendor
) -> None:
    leases.take(f"refresh:{connection.pk}", 90)

    assert access_token(token_age(connection, 20)) == connection.secret("access_token")
    assert vendor.refreshes == 0


def test_who_waits_too_long_lets_the_work_wait_and_never_renews_without_the_lease(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    leases.take(f"refresh:{connection.pk}", 90)
    token_ended(connection, vendor)

    pump(budget_seconds=0)

    account_job.refresh_from_db()
    assert vendor.refreshes == 0
    assert (account_job.state, account_job.attempts) == (JobState.READY, 0)
    assert account_job.last_error_code == "gate_closed"
    assert stored(connection).state == ConnectionState.ACTIVE


def test_holder_that_was_overtaken_stores_nothing(
    connection: Connection, vendor: AcmeVendor
) -> None:
    name = f"refresh:{connection.pk}"

    def lease_taken() -> None:
        with database.cursor() as cursor:
            cursor.execute("UPDATE hub_namedlease SET until = now() - interval '1 s'")
        assert leases.take(name, 90) is not None

    vendor.token_script = [meanwhile(lease_taken)]

    with pytest.raises(GateClosed, match="took too long"):
        access_token(token_ended(connection, vendor))

    assert stored(connection).token_version == 1
    assert stored(connection).secret("refresh_token") == connection.secret("refresh_token")


@pytest.fixture
def account_job(connection: Connection) -> SyncJob:
    return command_make(connection)


# --- When it fails ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "trouble",
    [answered(503), answered(429), answered(400, "<html>"), answered(403), answered(200, "{}")],
)
def test_trouble_leaves_the_token_and_is_not_tried_again_at_once(
    connection: Connection, vendor: AcmeVendor, trouble: Script
) -> None:
    vendor.token_script = [trouble]
    old = token_age(connection, 20)

    tokens = {access_token(old), access_token(stored(connection))}

    now = stored(connection)
    assert tokens == {connection.secret("access_token")}
    assert vendor.calls("/oauth/token") == 1
    assert (now.state, now.token_version) == (ConnectionState.ACTIVE, 1)
    assert now.refresh_error
    assert now.refresh_after is not None
    cool_down_over()
    assert access_token(stored(connection)) != connection.secret("access_token")
    assert stored(connection).refresh_error == ""


def test_work_waits_at_the_gate_while_a_token_that_is_over_cannot_be_renewed(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    vendor.token_script = [answered(500)]
    token_ended(connection, vendor)
    pump(budget_seconds=0)
    held = stored(connection)
    account_job.refresh_from_db()
    assert (account_job.state, account_job.attempts) == (JobState.READY, 0)
    assert (held.state, held.gate_reason) == (ConnectionState.ACTIVE, GateReason.REFRESH)
    assert pump(budget_seconds=0) == 0

    cool_down_over()
    SyncJob.objects.update(run_at=F("created_at"))
    pump(budget_seconds=5)

    account_job.refresh_from_db()
    assert account_job.state == JobState.DONE
    assert stored(connection).gate_reason == GateReason.NONE
    assert not Alert.objects.exists()


def test_outage_that_outlives_the_token_is_told_and_is_over_by_itself(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.token_script = [answered(500)]
    vendor.tokens_end()
    with pytest.raises(GateClosed):
        access_token(token_age(connection, 40))
    alert = Alert.objects.get(kind="connection_refresh_failing")
    assert alert.status == "open"

    cool_down_over()
    access_token(stored(connection))

    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_grant_that_is_gone_stops_the_connection_with_one_alert(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.uninstall()
    for _ in range(3):
        command_make(connection)
    token_ended(connection, vendor)

    for _ in range(3):
        pump(budget_seconds=0)

    now = stored(connection)
    assert (now.state, vendor.refreshes) == (ConnectionState.AUTH_FAILED, 1)
    assert "Connect again" in now.attention
    alert = Alert.objects.get()
    assert (alert.kind, alert.occurrences) == ("connection_auth_failed", 1)
    assert {job.state for job in SyncJob.objects.all()} == {JobState.READY}
    assert [job.attempts for job in SyncJob.objects.all()] == [0, 0, 0]
    with pytest.raises(GrantRefused):
        access_token(now)
    assert vendor.refreshes == 1


def test_refusal_that_a_racing_renewal_explains_is_none(
    connection: Connection, vendor: AcmeVendor
) -> None:
    other = vendor.granted()

    def renewed_elsewhere() -> None:
        secrets = Secrets({"access_token": other[0], "refresh_token": other[1]})
        Connection.objects.update(credentials=secrets, token_version=F("token_version") + 1)

    vendor.token_script = [meanwhile(renewed_elsewhere)]
    vendor.uninstall()
    vendor.grants[-1].is_live = True

    assert access_token(token_age(connection, 20)) == other[0]
    assert stored(connection).state == ConnectionState.ACTIVE
    assert not Alert.objects.exists()


def test_application_that_is_refused_names_who_mends_it(
    connection: Connection, vendor: AcmeVendor
) -> None:
    OAuthApplication.objects.update(secrets=Secrets({"client_secret": "mistyped"}))

    with pytest.raises(GrantRefused, match="operator"):
        access_token(token_ended(connection, vendor))

    OAuthApplication.objects.update(secrets=Secrets({"client_secret": acme.CLIENT_SECRET}))
    assert connections.connection_test(stored(connection)).is_ok
    assert stored(connection).state == ConnectionState.ACTIVE


@pytest.mark.parametrize("change", ["gone", "another"])
def test_grant_of_an_application_that_is_no_longer_set_up_is_told(
    connection: Connection, vendor: AcmeVendor, change: str
) -> None:
    if change == "gone":
        OAuthApplication.objects.all().delete()
    else:
        OAuthApplication.objects.update(client_id="another")

    with pytest.raises(GrantRefused, match="application"):
        access_token(token_ended(connection, vendor))

    assert vendor.refreshes == 0
    assert stored(connection).state == ConnectionState.AUTH_FAILED


# --- 401 ----------------------------------------------------------------------------------------
def test_token_that_ended_early_is_renewed_once_and_the_work_goes_on(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    vendor.tokens_end()

    pump(budget_seconds=5)

    account_job.refresh_from_db()
    assert (account_job.state, account_job.attempts) == (JobState.DONE, 0)
    assert (vendor.refreshes, vendor.calls("/things")) == (1, 2)
    assert not Alert.objects.exists()


def test_fresh_token_that_is_refused_as_well_stops_the_connection(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    vendor.always = answered(401)
    vendor.token_script = [lambda request: None]

    for _ in range(4):
        pump(budget_seconds=0)

    account_job.refresh_from_db()
    assert (vendor.refreshes, vendor.calls("/things")) == (1, 2)
    assert stored(connection).state == ConnectionState.AUTH_FAILED
    assert (account_job.state, account_job.attempts) == (JobState.READY, 0)
    assert Alert.objects.get().occurrences == 1


def test_refusal_of_a_token_that_was_renewed_meanwhile_renews_nothing(
    connection: Connection, vendor: AcmeVendor
) -> None:
    access_token(token_age(connection, 20))

    assert renewal.renewed_after_refusal(connection) is True
    assert vendor.refreshes == 1
    assert connection.token_version == 2


# --- Disconnected meanwhile ---------------------------------------------------------------------
def test_connection_disconnected_while_its_token_is_renewed_keeps_nothing(
    connection: Connection, vendor: AcmeVendor, actor: User
) -> None:
    def disconnect() -> None:
        connections.connection_disconnect(stored(connection), actor=actor)

    vendor.token_script = [meanwhile(disconnect)]
    vendor.has_grace = True
    late = token_age(connection, 20)

    with pytest.raises(GateClosed, match="disconnected"):
        access_token(late)

    now = stored(connection)
    assert (now.state, dict(now.credentials)) == (ConnectionState.DISABLED, {})
    assert vendor.calls("/oauth/revoke") >= 1


def test_connection_deleted_while_its_token_is_renewed_takes_the_orphan_back(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.token_script = [meanwhile(lambda: Connection.objects.all().delete())]

    with pytest.raises(GateClosed, match="disconnected"):
        access_token(token_age(connection, 20))

    assert vendor.revoked == [vendor.grants[0].refresh]


# --- Idle ---------------------------------------------------------------------------------------
def test_tokens_that_lie_still_are_used_once_a_day(
    connection: Connection, vendor: AcmeVendor, workspace: Workspace
) -> None:
    token_age(connection, 25 * 60)
    signed_in(workspace, vendor)

    assert (idle_touch(), idle_touch()) == (1, 0)

    assert vendor.refreshes == 1
    assert stored(connection).token_version == 2


def test_idle_token_that_cannot_be_renewed_waits(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.token_script = [answered(500)]
    token_age(connection, 25 * 60)

    assert (idle_touch(), idle_touch()) == (1, 0)
    assert stored(connection).state == ConnectionState.ACTIVE


def test_idle_connection_without_a_refresh_token_is_left_for_a_day(
    connection: Connection, vendor: AcmeVendor
) -> None:
    token_age(connection, 25 * 60)
    Connection.objects.update(credentials=Secrets({"access_token": "x"}))

    assert (idle_touch(), idle_touch()) == (1, 0)
    assert vendor.refreshes == 0


def test_idle_token_that_no_key_opens_does_not_keep_the_others_waiting(
    connection: Connection, vendor: AcmeVendor, workspace: Workspace
) -> None:
    other = signed_in(workspace, vendor)
    with override_settings(NEXA_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        Connection.objects.filter(pk=connection.pk).update(credentials=Secrets({"x": "y"}))
    for one in (connection, other):
        token_age(one, 25 * 60)

    assert (idle_touch(), idle_touch()) == (2, 0)
    assert stored(other).token_version == 2


def test_lost_key_stops_the_connection_with_words(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    with override_settings(NEXA_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        pump(budget_seconds=0)

    assert stored(connection).state == ConnectionState.AUTH_FAILED
    assert "cannot be decrypted" in stored(connection).attention
