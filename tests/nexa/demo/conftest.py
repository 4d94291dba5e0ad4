"""The demo's data, made once for each module: its tests look at it, and nothing is committed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test.utils import override_settings
from pytest_django.plugin import DjangoDbBlocker

from crm.models import Workspace
from nexa.demo.data import demo_workspace_made
from nexa.demo.logins import Login, logins_made


@pytest.fixture(scope="module")
def logins(tmp_path_factory: pytest.TempPathFactory) -> list[Login]:
    return logins_made(tmp_path_factory.mktemp("demo") / "demo-logins.json")


@pytest.fixture(scope="module")
def workspace_of_demo(
    logins: list[Login], django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Workspace]:
    """What a test itself writes is taken back with the test, as ever."""
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), quick, transaction.atomic():
        yield demo_workspace_made(logins)
        transaction.set_rollback(True)


@pytest.fixture
def workspace(workspace_of_demo: Workspace, db: None) -> Workspace:
    return workspace_of_demo
