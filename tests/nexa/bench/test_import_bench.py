"""What the import bench compares against writes the rows it says, and all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm.models import Account, Change, Contact, Workspace
from nexa.bench.import_floor import floor_seconds
from nexa.bench.import_peer import peer_seconds
from nexa.bench.importing import HEADERS, file_write

pytestmark = pytest.mark.django_db
ROWS = 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contacts.csv"
    file_write(path, ROWS)
    return path


def test_floor_copies_the_parsed_rows_and_their_accounts(workspace: Workspace, file: Path) -> None:
    assert floor_seconds(workspace, file, HEADERS) > 0

    assert (Contact.objects.count(), Account.objects.count()) == (ROWS, ROWS // 5)
    contact = Contact.objects.select_related("account").get(last_name="Family7")
    assert contact.phone == "+61400000007"
    assert contact.account is not None
    assert contact.account.domain == "company1.example"
    assert not Change.objects.exists()


def test_peer_imports_the_same_people(workspace: Workspace, file: Path) -> None:
    assert peer_seconds(workspace, file, 20) > 0

    assert Contact.objects.filter(workspace=workspace).count() == 20
    assert Contact.objects.get(last_name="Family7").email == "person.7@company1.example"
