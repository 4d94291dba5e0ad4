"""The credential doctor: on the page, in the console and in the terminal; never with a secret."""

from __future__ import annotations

import io
import json
import logging
from html import unescape
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import reverse

from crm.models import User, Workspace
from integrations.hub import connections
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection, ConnectionState, OAuthApplication
from integrations.hub.oauth import access_token
from integrations.hub.oauth.names import GrantRefused
from integrations.hub.oauth.report import credential_report, report_lines
from integrations.hub.pump import pump
from nexa.doctor.access import access_found
from nexa.doctor.keys import credentials_found
from tests.integrations.hub.conftest import command_make
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor, answered
from tests.integrations.hub.oauth.conftest import signed_in, token_age, token_ended
from tests.integrations.hub.oauth.signing_in import consented, onward
from tests.integrations.hub.test_secrets import whole_database

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client: Client, connection: Connection) -> str:
    url = reverse("hub:connection_detail", args=[connection.pk])
    return unescape(client.get(url).content.decode())


def test_page_does_not_say_that_all_is_well_under_what_needs_attention(
    connection: Connection, admin_client: Client
) -> None:
    Connection.objects.update(attention="The key is missing or not valid.")

    page = page_of(admin_client, connection)

    assert "Nothing to do." not in page
    assert page.count("The key is missing or not valid.") == 1
    assert "see the top of this page" in page


# --- The report ---------------------------------------------------------------------------------
def test_access_that_is_well_needs_nothing(connection: Connection) -> None:
    report = credential_report(connection)

    assert report.is_well
    assert report.advice_text == "Nothing to do."
    assert report.held == ("access_token", "refresh_token")
    assert report.expiry_words == "renewed by itself when it is next used"


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"scopes": ["things.read"]}, "did not grant things.write (change things there)"),
        ({"state": "auth_failed"}, "Acme refused the credentials: connect again"),
        ({"state": "auth_failed", "attention": "Grant it there and test."}, "Grant it there"),
        ({"attention": "The key is missing or not valid."}, "The key is missing or not valid."),
        ({"refresh_error": "busy"}, "renewal of the access token failed (busy)"),
        ({"credentials": Secrets({"access_token": "x"})}, "gave no way to renew"),
        ({"oauth_client_id": "another"}, "granted to another application"),
    ],
)
def test_trouble_comes_with_what_to_do(
    connection: Connection, values: dict[str, Any], advice: str
) -> None:
    Connection.objects.update(**values)

    report = credential_report(Connection.objects.get())

    assert advice in report.advice_text


def test_scope_that_only_writing_needs_is_not_missed_by_one_that_only_reads(
    connection: Connection,
) -> None:
    Connection.objects.update(scopes=["things.read"], is_read_only=True)

    assert credential_report(Connection.objects.get()).is_well


def test_report_of_secrets_that_no_key_opens_says_so(connection: Connection) -> None:
    with override_settings(NEXA_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        report = credential_report(Connection.objects.get())

    assert "cannot be decrypted" in report.advice_text


def test_lines_tell_every_scope(connection: Connection) -> None:
    Connection.objects.update(scopes=["things.read"])

    lines = report_lines(credential_report(Connection.objects.get()))

    assert "scope things.read: granted" in lines
    assert "scope things.write: MISSING (change things there does not work)" in lines
    assert "scope tickets: not granted (optional)" in lines


# --- Where it is shown --------------------------------------------------------------------------
def test_page_shows_what_the_access_is_worth(
    admin_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    access_token(token_age(connection, 20))
    Connection.objects.update(scopes=["things.read"], refresh_error="busy")

    page = page_of(admin_client, connection)

    for words in ("Sign-in at the vendor", "Last renewed", "Missing:", "busy", "Connect again"):
        assert words in page


def test_page_of_a_sign_in_takes_few_queries(
    sales_client: Client, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(13):
        page_of(sales_client, connection)


def test_list_offers_what_was_disconnected_to_those_who_may_connect(
    admin_client: Client,
    sales_client: Client,
    connection: Connection,
    workspace: Workspace,
    vendor: AcmeVendor,
    django_assert_max_num_queries: Any,
) -> None:
    signed_in(workspace, vendor, name="Still here")
    for number in range(6):
        signed_in(workspace, vendor, name=f"Gone {number}", state=ConnectionState.DISABLED)
    url = reverse("hub:integration_list")

    with django_assert_max_num_queries(7):
        page = admin_client.get(url).content.decode()

    assert "Disconnected (6)" in page
    assert "The last 5 of 6 are shown." in page
    assert page.count("Connect again") == 5
    assert "Still here" in page
    assert "Gone" not in sales_client.get(url).content.decode()


def test_console_shows_the_same_without_a_secret(
    operator_client: Client, connection: Connection, vendor: AcmeVendor
) -> None:
    url = reverse("admin:hub_connection_change", args=[connection.pk])

    page = operator_client.get(url).content.decode()

    assert "scope things.read: granted" in page
    assert "what to do: Nothing to do." in page
    assert not any(secret in page for secret in vendor.secrets)


def test_doctor_names_each_connection_in_need(connection: Connection) -> None:
    assert [found.is_well for found in access_found()] == [True]
    Connection.objects.update(state=ConnectionState.AUTH_FAILED)

    (found,) = access_found()

    assert connection.name in found.said
    assert "connect again" in found.mend


def test_doctor_opens_the_secrets_of_applications_too(connection: Connection) -> None:
    assert credentials_found().said == "2 readable"
    with override_settings(NEXA_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        assert "the application at acme" in credentials_found().said


# --- Applications in the console ----------------------------------------------------------------
def application_post(client: Client, url: str, **values: str) -> Any:
    form = {"provider": "acme", "workspace": "", "client_id": "id-1", "client_secret": ""}
    return client.post(url, form | values, follow=True)


def test_operator_enters_an_application_and_never_sees_its_secret_again(
    operator_client: Client,
) -> None:
    add = reverse("admin:hub_oauthapplication_add")
    missing = application_post(operator_client, add).content.decode()
    application_post(operator_client, add, client_secret="typed_secret_1")
    stored = OAuthApplication.objects.get()
    change = reverse("admin:hub_oauthapplication_change", args=[stored.pk])

    shown = operator_client.get(change).content.decode()
    application_post(operator_client, change, client_id="id-2")

    now = OAuthApplication.objects.get()
    assert "Enter the client secret." in missing
    assert "/integrations/oauth/callback/" in shown
    assert "typed_secret_1" not in shown
    assert (now.client_id, now.client_secret) == ("id-2", "typed_secret_1")
    application_post(operator_client, change, client_secret="typed_secret_2")
    assert OAuthApplication.objects.get().client_secret == "typed_secret_2"


def test_second_application_for_everybody_is_refused_in_words(
    operator_client: Client, application: OAuthApplication
) -> None:
    page = application_post(
        operator_client, reverse("admin:hub_oauthapplication_add"), client_secret="x"
    ).content.decode()

    assert "This system has an application for all workspaces." in page
    assert OAuthApplication.objects.count() == 1


def test_person_of_a_workspace_has_no_door_to_applications(admin_client: Client) -> None:
    answer = admin_client.get(reverse("admin:hub_oauthapplication_changelist"))

    assert answer.status_code == 302


# --- Secrets ------------------------------------------------------------------------------------
def test_secrets_are_nowhere_in_clear_after_all_kinds_of_trouble(
    admin_client: Client,
    admin: User,
    application: OAuthApplication,
    vendor: AcmeVendor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    # The vendor's own line of its consent page is none of ours.
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    url = consented(onward(admin_client))
    admin_client.get(url)
    connection = Connection.objects.get()
    codes = [url.partition("code=")[2].partition("&")[0]]
    command_make(connection)
    pump(budget_seconds=5)
    vendor.tokens_end()
    command_make(connection)
    pump(budget_seconds=5)
    assert vendor.refreshes == 1
    connection.refresh_from_db()
    refresh = connection.secret("refresh_token")
    vendor.token_script = [answered(500, f"you sent {refresh} and {acme.CLIENT_SECRET}")]
    access_token(token_age(connection, 20))
    Connection.objects.update(refresh_after=None)
    access_token(token_ended(connection, vendor))
    admin_client.get(consented(onward(admin_client, name="Second")).replace("code_", "code_no"))
    vendor.uninstall()
    command_make(connection)
    pump(budget_seconds=0)
    with pytest.raises(GrantRefused):
        access_token(token_ended(connection, vendor))
    connections.connection_test(Connection.objects.get())

    text = whole_database()
    for secret in {*vendor.secrets, *codes, refresh} - {""}:
        assert secret not in text
        assert secret not in caplog.text


def test_secrets_are_in_no_representation(
    connection: Connection, application: OAuthApplication, vendor: AcmeVendor
) -> None:
    for thing in (application, connection, vars(application), vars(connection)):
        assert not any(secret in f"{thing!r} {thing!s}" for secret in vendor.secrets)


def test_keys_rotate_in_every_encrypted_field(
    admin_client: Client, connection: Connection, application: OAuthApplication
) -> None:
    refresh = connection.secret("refresh_token")
    onward(admin_client)
    new = Fernet.generate_key().decode()
    out = io.StringIO()
    with override_settings(NEXA_ENCRYPTION_KEYS=[new, *settings.NEXA_ENCRYPTION_KEYS]):
        call_command("rotate_keys", "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["rotated"] == 3
    assert told["by_kind"]["OAuth application"] == told["by_kind"]["OAuth sign-in"] == 1
    with override_settings(NEXA_ENCRYPTION_KEYS=[new]):
        assert OAuthApplication.objects.get().client_secret == acme.CLIENT_SECRET
        assert Connection.objects.get().secret("refresh_token") == refresh
