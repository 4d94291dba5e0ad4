"""The rehearsal and the run: the same engine, the same counts, nothing written before its time."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from crm.models import Account, Change, ConsentEntry, Contact, User, Workspace
from crm.services.accounts import account_create
from crm.services.contacts import contact_archive, contact_create
from crm.services.origin import Origin
from imports.choices import DuplicateStrategy, ErrorPolicy, ImportStatus, ProblemKind
from imports.errors import WrongState
from imports.models import ImportProblem, RehearsedKey, RehearsedRecord
from imports.plan import plan_work
from imports.rehearsal import rehearsals_prune
from imports.run import run_work
from imports.services import import_plan_start, import_start
from tests import factories
from tests.imports.conftest import MakeJob, causes, counted, fresh, people
from tests.queries import queries_of

pytestmark = pytest.mark.django_db
WITH_CONSENT = "First name,Email,Opt in"


def contact(workspace: Workspace, origin: Origin, **values: Any) -> Contact:
    return contact_create(workspace=workspace, values=values, origin=origin)


def test_a_file_becomes_contacts_with_accounts(imported: MakeJob) -> None:
    job = imported(*people(6))

    assert job.status == ImportStatus.COMPLETED
    assert (job.created, job.accounts_created, job.rows_total) == (6, 2, 6)
    ada = Contact.objects.get(email="p0@people.example")
    assert (ada.first_name, ada.last_name, ada.phone) == ("Given0", "Family0", "+61400000000")
    assert ada.account is not None
    assert (ada.account.name, ada.account.domain) == ("Company 0", "c0.example")


def test_every_write_is_in_the_ledger_under_the_job(imported: MakeJob) -> None:
    job = imported(*people(3))

    changes = Change.objects.filter(origin_kind="import", origin_id=str(job.pk))
    assert sorted(changes.values_list("record_type", flat=True)) == ["account"] + ["contact"] * 3
    assert {change.actor for change in changes} == {job.user}


def test_a_check_writes_nothing_in_the_crm(checked: MakeJob) -> None:
    job = checked(*people(5))

    assert job.status == ImportStatus.READY
    assert job.plan["counts"]["created"] == 5
    assert not Contact.objects.exists()
    assert not Account.objects.exists()
    assert not Change.objects.exists()


def test_what_a_check_kept_goes_when_it_ends(checked: MakeJob, settings: Any) -> None:
    settings.IMPORT_CHUNK_ROWS = 2
    job = checked(*people(5))
    rehearsals_prune()
    assert not RehearsedKey.objects.exists()
    assert not RehearsedRecord.objects.exists()

    import_plan_start(
        job,
        mapping=job.mapping,
        strategy=DuplicateStrategy.UPDATE,
        error_policy=ErrorPolicy.CONTINUE,
    )
    plan_work(job.pk, budget_seconds=0)

    assert rehearsals_prune() == 0
    assert RehearsedRecord.objects.count() == 3  # two people, one company


def test_the_same_file_again_changes_nothing(imported: MakeJob) -> None:
    imported(*people(5))
    changes = Change.objects.count()

    job = imported(*people(5))

    assert counted(job)["unchanged"] == 5
    assert Change.objects.count() == changes


@pytest.mark.parametrize("strategy", list(DuplicateStrategy))
@pytest.mark.parametrize("chunk", [2, 3, 1000])
def test_the_check_foretells_the_run(
    workspace: Workspace,
    origin: Origin,
    imported: MakeJob,
    settings: Any,
    strategy: DuplicateStrategy,
    chunk: int,
) -> None:
    settings.IMPORT_CHUNK_ROWS = chunk
    contact(workspace, origin, email="p1@people.example", first_name="Old", phone="+61400000003")
    rows = people(5)
    rows += [
        rows[0].replace("Given0", "Other"),  # the same person, said otherwise
        "Given9,Family9,P9@People.example,,Company 9,",
        "Given9,Family9,p9@people.example,,COMPANY 9,c9.example",  # again, with a domain
        "Nine,N,n@people.example,,,https://www.c9.example/about",  # the company by its domain
        "Given9,Family9,,,Company 9,",  # by name and company only
        ",,,,Company 7,",  # nobody
        "X,Y,not an address,,,",
    ]

    job = imported(*rows, strategy=strategy)

    assert counted(job) == job.plan["counts"]
    assert sum(counted(job).values()) == job.rows_total == len(rows)
    assert job.accounts_created == job.plan["accounts"]["created"] == Account.objects.count()
    assert job.accounts_updated == job.plan["accounts"]["updated"]


def test_update_overwrites_and_merge_fills_blanks(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    known = contact(workspace, origin, email="p0@people.example", first_name="Old")

    imported(*people(1), strategy=DuplicateStrategy.MERGE)
    known.refresh_from_db()
    assert (known.first_name, known.last_name) == ("Old", "Family0")

    imported(*people(1), strategy=DuplicateStrategy.UPDATE)
    known.refresh_from_db()
    assert known.first_name == "Given0"


def test_skip_touches_neither_the_person_nor_the_company(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    known = contact(workspace, origin, email="p0@people.example", first_name="Old")

    job = imported(*people(1), strategy=DuplicateStrategy.SKIP)

    known.refresh_from_db()
    assert (job.skipped, known.first_name, known.account) == (1, "Old", None)
    assert not Account.objects.exists()


def test_create_new_makes_a_second_contact_in_the_same_company(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    account_create(workspace=workspace, values={"name": "company 0"}, origin=origin)
    contact(workspace, origin, email="p0@people.example")

    job = imported(*people(1), strategy=DuplicateStrategy.CREATE_NEW)

    assert (job.created, job.accounts_created) == (1, 0)
    assert Contact.objects.filter(email="p0@people.example").count() == 2


def test_an_empty_cell_erases_nothing(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    known = contact(workspace, origin, email="p0@people.example", last_name="Kept")

    imported("New,,p0@people.example,,,")

    known.refresh_from_db()
    assert (known.first_name, known.last_name) == ("New", "Kept")


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ({"linkedin_url": "https://www.linkedin.com/in/ada"}, "A,L,,,,,linkedin.com/in/ada"),
        ({"phone": "+61400000001"}, "A,L,,0400 000 001,,,"),
        ({"mobile": "+61400000001"}, "A,L,,0400 000 001,,,"),
        ({"first_name": "ada", "last_name": "LOVELACE"}, "Ada,Lovelace,,,Acme,,"),
    ],
    ids=["linkedin", "phone", "mobile", "name and company"],
)
def test_a_lesser_match_is_left_to_a_person(
    workspace: Workspace, origin: Origin, imported: MakeJob, values: dict[str, Any], row: str
) -> None:
    workspace.default_country = "AU"
    workspace.save()
    account = account_create(workspace=workspace, values={"name": "ACME"}, origin=origin)
    known = contact(workspace, origin, account=account, **values)

    job = imported(row, header="First name,Last name,Email,Phone,Company,Website,LinkedIn")

    assert counted(job)["ambiguous"] == 1
    problem = job.problems.get(phase="run")
    assert (problem.kind, problem.cause) == (ProblemKind.AMBIGUOUS, "possible_duplicate")
    assert problem.match_id == known.pk
    assert Contact.objects.count() == 1


def test_a_lower_threshold_lets_a_lesser_match_count(
    workspace: Workspace, origin: Origin, imported: MakeJob, settings: Any
) -> None:
    settings.MATCH_AUTO_SCORE = 85
    known = contact(workspace, origin, phone="+61400000000")

    job = imported(*people(1))

    known.refresh_from_db()
    assert (job.updated, known.email) == (1, "p0@people.example")


def test_an_address_in_two_contacts_is_left_to_a_person(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    contact(workspace, origin, email="p0@people.example")
    contact(workspace, origin, email="P0@people.example")

    job = imported(*people(1))

    assert job.ambiguous == 1
    assert job.problems.get(phase="run").cause == "several_matches"


def test_a_second_address_of_a_contact_is_the_contact(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    known = contact(workspace, origin, email="main@x.com", other_emails=["p0@people.example"])

    job = imported(*people(1))

    known.refresh_from_db()
    assert (job.updated, known.email, known.first_name) == (1, "main@x.com", "Given0")


def test_archived_contacts_are_not_matched(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    contact_archive(contact(workspace, origin, email="p0@people.example"), origin=origin)

    assert imported(*people(1)).created == 1


def test_people_of_another_workspace_are_not_matched(origin: Origin, imported: MakeJob) -> None:
    other = factories.workspace_make()
    contact(other, origin, email="p0@people.example", first_name="Theirs")
    account_create(workspace=other, values={"name": "Company 0"}, origin=origin)

    job = imported(*people(1))

    assert (job.created, job.accounts_created) == (1, 1)
    assert Contact.objects.get(workspace=other).first_name == "Theirs"


def test_repeated_people_of_a_file_are_folded_and_told(imported: MakeJob) -> None:
    job = imported(
        "Ada,Lovelace,ada@x.com,,Acme,",
        "Ada,Lovelace,ADA@x.com,+61 400 000 001,Acme,acme.example",
    )

    assert (job.created, job.updated, job.folded, job.accounts_created) == (1, 0, 1, 1)
    assert causes(job) == {"repeated": 1}
    assert job.problems.get().message == "Repeated in the file: folded into row 2."
    ada = Contact.objects.get()
    assert (ada.phone, ada.account.domain if ada.account else "") == (
        "+61400000001",
        "acme.example",
    )


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_a_person_named_thrice_is_counted_once(
    workspace: Workspace, origin: Origin, imported: MakeJob, settings: Any, chunk: int
) -> None:
    settings.IMPORT_CHUNK_ROWS = chunk
    contact(workspace, origin, email="old@x.com", first_name="Old")
    rows = [
        "Ada,Lovelace,ada@x.com,,,",
        "Old,,old@x.com,,,",  # says nothing new, so the next row is the one that updates
        "New,,old@x.com,,,",
        "Ada,Byron,ada@x.com,,,",
        "Ada,Byron,ada@x.com,,,",
        "New,,old@x.com,,,",
    ]

    job = imported(*rows)

    expected = {"created": 1, "updated": 1, "unchanged": 1, "folded": 3}
    assert {name: count for name, count in counted(job).items() if count} == expected
    assert {name: count for name, count in job.plan["counts"].items() if count} == expected
    told = job.problems.filter(cause="repeated").order_by("row_number")
    assert [problem.message.rpartition(" ")[2] for problem in told] == ["2.", "2.", "4."]


def test_notices_are_told_of_rows_that_are_taken_only(
    workspace: Workspace, origin: Origin, checked: MakeJob
) -> None:
    contact(workspace, origin, email="a@x.com")
    contact(workspace, origin, email="A@x.com")

    job = checked("=1,L,bad,,,", "=1,L,a@x.com,,,", "=1,L,fine@x.com,,,")

    assert causes(job) == {"invalid_email": 1, "several_matches": 1, "formula": 1}


def test_bad_rows_are_listed_and_the_good_ones_imported(imported: MakeJob) -> None:
    job = imported(
        "Ada,Lovelace,ada@x.com,,,",
        "Bob,B,not-an-address,,,",
        ",,,,Acme,",
        'C,"5" inch",c@x.com,,,',
        "D,D,d@x.com,,,,one cell more",
        f"{'E' * 101},E,e@x.com,,,",
    )

    assert (job.created, job.failed) == (1, 5)
    assert causes(job) == {
        "invalid_email": 1,
        "no_identity": 1,
        "quotes": 1,
        "too_many_cells": 1,
        "too_long": 1,
    }
    assert sorted(job.problems.filter(phase="run").values_list("row_number", flat=True)) == [
        3, 4, 5, 6, 7,
    ]  # fmt: skip
    assert not Account.objects.exists()


def test_formula_cells_are_text_and_told(imported: MakeJob) -> None:
    job = imported('=1+1,@SUM(A1),ada@x.com,+61 400 000 001,"=HYPERLINK(""x"")",')

    ada = Contact.objects.get()
    assert (ada.first_name, ada.last_name, ada.phone) == ("=1+1", "@SUM(A1)", "+61400000001")
    assert causes(job) == {"formula": 3}


def test_a_file_that_breaks_in_its_middle_is_refused_whole(checked: MakeJob, settings: Any) -> None:
    settings.IMPORT_CHUNK_ROWS = 10
    rows = people(50)
    rows[40] = 'Given,"never closed,x@x.com,,,'

    job = checked(*rows)

    assert job.status == ImportStatus.FAILED
    assert job.error.startswith("Line 42: a quote is opened and never closed")
    assert not Contact.objects.exists()
    with pytest.raises(WrongState):
        import_start(job)


def test_stop_policy_imports_nothing_while_a_row_has_an_error(checked: MakeJob) -> None:
    job = checked(*people(3), "X,Y,bad,,,", error_policy=ErrorPolicy.STOP)

    with pytest.raises(WrongState, match="1 rows have errors"):
        import_start(job)
    assert not Contact.objects.exists()


def test_consent_is_logged_and_an_opt_out_stays(
    workspace: Workspace, origin: Origin, imported: MakeJob
) -> None:
    refused = contact(workspace, origin, email="no@x.com", email_opt_in=False)

    imported("A,yes@x.com,yes", "B,no@x.com,yes", "C,silent@x.com,", header=WITH_CONSENT)

    refused.refresh_from_db()
    assert refused.email_opt_in is False
    entry = ConsentEntry.objects.get(source="import")
    assert (entry.contact.email, entry.opted_in) == ("yes@x.com", True)
    assert Contact.objects.get(email="silent@x.com").email_opt_in is None


def test_a_required_column_makes_an_empty_cell_an_error(upload: MakeJob) -> None:
    job = upload("Ada,L,ada@x.com,,,", "Bob,B,bob@x.com,+61400000001,,")
    mapping = [{**entry, "required": entry["field"] == "phone"} for entry in job.mapping]

    import_plan_start(
        job,
        mapping=mapping,
        strategy=DuplicateStrategy.UPDATE,
        error_policy=ErrorPolicy.CONTINUE,
    )
    plan_work(job.pk)

    assert causes(fresh(job)) == {"required": 1}


def test_owner_is_a_member_by_address_or_name(
    workspace: Workspace, imported: MakeJob, manager: User
) -> None:
    member = factories.membership_make(workspace, user=factories.user_make(name="Sam Sales")).user

    job = imported(
        f"A,a@x.com,{member.email.upper()}",
        "B,b@x.com,sam sales",
        "C,c@x.com,Stranger",
        header="First name,Email,Contact owner",
    )

    owners = Contact.objects.order_by("first_name").values_list("owner__email", flat=True)
    assert list(owners) == [member.email, member.email, manager.email]
    assert causes(job) == {"unknown_owner": 1}


def test_an_owner_named_again_is_no_change(workspace: Workspace, imported: MakeJob) -> None:
    member = factories.membership_make(workspace).user
    row = f"A,a@x.com,{member.email}"
    imported(row, header="First name,Email,Contact owner")

    assert imported(row, header="First name,Email,Contact owner").unchanged == 1


def test_new_records_belong_to_who_imports(
    workspace: Workspace, origin: Origin, imported: MakeJob, manager: User
) -> None:
    known = contact(workspace, origin, email="p0@people.example")

    job = imported(*people(4))

    assert {one.owner for one in Contact.objects.exclude(pk=known.pk)} == {manager}
    assert {one.owner for one in Account.objects.all()} == {manager}
    known.refresh_from_db()
    assert known.owner is None
    made = Change.objects.filter(origin_kind="import", origin_id=str(job.pk), action="created")
    assert {tuple(change.diff["owner"]) for change in made} == {(None, manager.pk)}


def test_what_who_left_would_have_owned_is_nobodys(
    workspace: Workspace, checked: MakeJob, manager: User
) -> None:
    job = checked(*people(1))
    manager.memberships.all().delete()
    import_start(job)
    run_work(job.pk)

    assert (fresh(job).created, Contact.objects.get().owner) == (1, None)


def test_secrets_of_a_file_are_not_kept_with_its_problems(imported: MakeJob) -> None:
    job = imported("bad,hunter2", header="Email,Card Tags")

    assert "hunter2" not in str(list(ImportProblem.objects.values()))
    assert job.failed == 1


def test_queries_do_not_grow_with_the_rows(imported: MakeJob, checked: MakeJob) -> None:
    imported(*people(3))

    for count in (10, 400):
        job = checked(*people(count, start=1000 * count))
        import_start(job)
        assert queries_of(partial(run_work, job.pk)) == 41
