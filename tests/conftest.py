"""Fixtures every test may use: a workspace, people with each role, and signed-in clients."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.test import Client

from crm.choices import Role
from crm.models import Membership, User, Workspace
from crm.services.origin import Origin, by_user
from integrations.hub import registry
from tests import emptying, factories, schema

emptying.install()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Where several processes test, each has a copy of one schema; one alone migrates."""
    if schema.VARIABLE in os.environ:
        django_settings.DATABASES["default"]["TEST"]["TEMPLATE"] = schema.schema_made()


@pytest.fixture(autouse=True)
def same_providers_after() -> Iterator[None]:
    """What one test leaves out of the registry, any test after it would miss."""
    before = registry.all_providers()
    yield
    after = registry.all_providers()
    assert [id(one) for one in after] == [id(one) for one in before]


@pytest.fixture(autouse=True)
def plain_static_files(settings: object) -> None:
    """Pages render without collectstatic; the manifest storage has tests of its own."""
    settings.WHITENOISE_AUTOREFRESH = True  # type: ignore[attr-defined]
    settings.WHITENOISE_USE_FINDERS = True  # type: ignore[attr-defined]
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def fast_passwords(settings: object) -> None:
    """Hashing a test person's password the real way takes longer than most tests."""
    settings.PASSWORD_HASHERS = [  # type: ignore[attr-defined]
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]


@pytest.fixture
def workspace(db: None) -> Workspace:
    return factories.workspace_make()


@pytest.fixture
def membership(workspace: Workspace) -> Membership:
    """A salesperson of the workspace: role member."""
    return factories.membership_make(workspace, role=Role.MEMBER)


@pytest.fixture
def salesperson(membership: Membership) -> User:
    return membership.user


@pytest.fixture
def manager(workspace: Workspace) -> User:
    return factories.membership_make(workspace, role=Role.MANAGER).user


@pytest.fixture
def admin(workspace: Workspace) -> User:
    return factories.membership_make(workspace, role=Role.ADMIN).user


@pytest.fixture
def viewer(workspace: Workspace) -> User:
    return factories.membership_make(workspace, role=Role.VIEWER).user


@pytest.fixture
def outsider(db: None) -> User:
    """The owner of another workspace."""
    return factories.membership_make(factories.workspace_make(), role=Role.OWNER).user


@pytest.fixture
def operator(db: None) -> User:
    """Works in the console; belongs to no workspace."""
    return factories.user_make(is_staff=True, is_superuser=True)


@pytest.fixture
def origin(salesperson: User) -> Origin:
    return by_user(salesperson)


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def sales_client(salesperson: User) -> Client:
    return _signed_in(salesperson)


@pytest.fixture
def manager_client(manager: User) -> Client:
    return _signed_in(manager)


@pytest.fixture
def admin_client(admin: User) -> Client:
    """An admin of the workspace (not of Django's admin site; see operator_client)."""
    return _signed_in(admin)


@pytest.fixture
def viewer_client(viewer: User) -> Client:
    return _signed_in(viewer)


@pytest.fixture
def outsider_client(outsider: User) -> Client:
    return _signed_in(outsider)


@pytest.fixture
def operator_client(operator: User) -> Client:
    return _signed_in(operator)
