from __future__ import annotations

from crm.models import Account, Change, Deal, Membership, Task, User, Workspace
from nexa.demo.companies import ACCOUNTS
from nexa.demo.data import demo_workspace_made
from nexa.demo.logins import OPERATOR, SALESPERSON, login_of, logins_made
from nexa.demo.records import DEALS, TASKS


def test_demo_workspace_holds_records_of_every_kind(workspace, logins) -> None:
    deal = Deal.objects.get(workspace=workspace, name__startswith="Harbour Robotics")
    assert deal.stage.name == "Negotiation"
    assert deal.amount == 398
    assert deal.account.csm.email == login_of(logins, SALESPERSON).email
    assert Task.objects.filter(workspace=workspace).count() == len(TASKS)
    assert Account.objects.filter(workspace=workspace).count() == len(ACCOUNTS)
    assert Change.objects.filter(workspace=workspace, origin_kind="command").exists()


def test_demo_workspace_is_made_once(workspace, logins) -> None:
    assert demo_workspace_made(logins) == workspace
    assert Workspace.objects.count() == 1
    assert Deal.objects.count() == len(DEALS)


def test_demo_logins_open_what_they_should(workspace, logins) -> None:
    operator = User.objects.get(email=login_of(logins, OPERATOR).email)
    salesperson = User.objects.get(email=login_of(logins, SALESPERSON).email)
    assert operator.is_superuser
    assert not Membership.objects.filter(user=operator).exists()
    assert not salesperson.is_staff
    assert Membership.objects.get(user=salesperson).workspace == workspace


def test_demo_password_that_was_lost_is_replaced_by_the_printed_one(tmp_path, workspace) -> None:
    fresh = logins_made(tmp_path / "elsewhere.json")

    demo_workspace_made(fresh)

    login = login_of(fresh, SALESPERSON)
    assert User.objects.get(email=login.email).check_password(login.password)


def test_logins_are_made_once_and_readable_by_their_user_only(tmp_path) -> None:
    path = tmp_path / "demo-logins.json"

    first = logins_made(path)

    assert logins_made(path) == first
    assert path.stat().st_mode & 0o777 == 0o600


def test_logins_file_cut_short_is_made_anew(tmp_path) -> None:
    path = tmp_path / "demo-logins.json"
    path.write_text('[{"title": "Oper', encoding="utf-8")

    assert len(logins_made(path)) == 2


def test_login_does_not_print_its_password(tmp_path) -> None:
    login = logins_made(tmp_path / "demo-logins.json")[0]

    assert login.password not in repr(login)
