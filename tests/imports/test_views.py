"""The pages: the journey from upload to undo, who may make it, and what they cost."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from crm.models import Contact, User
from imports import tasks
from imports.choices import ImportStatus
from imports.models import ImportJob
from imports.services import import_start
from tests.imports.conftest import MakeJob, csv_bytes, fresh, people

pytestmark = pytest.mark.django_db
PAGES = ("import_detail", "import_map", "import_review", "import_problems", "import_undo")
ACTS = (
    "import_map", "import_reading", "import_check", "import_run", "import_pause",
    "import_resume", "import_cancel", "import_undo",
)  # fmt: skip


def url(name: str, job: ImportJob | None = None) -> str:
    return reverse(f"imports:{name}", args=[job.pk] if job else [])


def uploaded(client: Client, content: bytes, name: str = "people.csv") -> Any:
    return client.post(url("import_new"), {"file": SimpleUploadedFile(name, content)})


def mapping_form(job: ImportJob, **changes: str) -> dict[str, str]:
    fields = {f"field_{entry['index']}": entry["field"] for entry in job.mapping}
    return {**fields, "strategy": "update", "error_policy": "continue", **changes}


def text(response: Any) -> str:
    return response.content.decode()


def test_the_journey_from_upload_to_undo(manager_client: Client) -> None:
    client = manager_client
    response = uploaded(client, csv_bytes(*people(3), "X,Y,bad,,,"))
    job = ImportJob.objects.get()
    assert response.url == url("import_map", job)
    assert "Given0" in text(client.get(response.url))

    response = client.post(url("import_map", job), mapping_form(job))
    assert response.url == url("import_review", job)
    review = text(client.get(response.url))
    assert "Import 3 rows" in review
    assert "This is not an e-mail address." in review
    assert not Contact.objects.exists()

    response = client.post(url("import_run", job))
    assert response.url == url("import_detail", job)
    at_work = text(client.get(response.url))
    assert "Importing" in at_work
    assert "Reload to see how far it is" in at_work
    tasks.work(job.pk)

    result = text(client.get(url("import_detail", job)))
    assert "View contacts" in result
    assert "Download failed rows" in result
    assert Contact.objects.count() == 3

    assert "3 contact records made by it" in text(client.get(url("import_undo", job)))
    client.post(url("import_undo", job))
    tasks.work(job.pk)
    assert "This import was undone" in text(client.get(url("import_detail", job)))
    assert not Contact.objects.filter(archived_at=None).exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"First name,Email\n", "no rows"),
        (b"Ada,ada@x.com\n", "does not hold column names"),
        (b"PK\x03\x04" + b"x" * 50, "an Excel workbook"),
    ],
)
def test_a_file_that_holds_no_table_is_refused_on_the_page(
    manager_client: Client, content: bytes, said: str
) -> None:
    response = uploaded(manager_client, content)

    assert response.status_code == 200
    assert said in text(response)
    assert not ImportJob.objects.exists()


def test_a_file_above_the_limit_is_refused_on_the_page(
    manager_client: Client, settings: Any
) -> None:
    settings.IMPORT_MAX_BYTES = 50

    assert "larger than 50" in text(uploaded(manager_client, csv_bytes(*people(3))))


def test_the_stored_file_is_private_and_not_guessable(
    manager_client: Client, upload: MakeJob
) -> None:
    job = upload(*people(1))

    assert "people" not in str(job.file.name)
    assert len(str(job.file.name)) == len("imports/.csv") + 32


def test_the_name_of_an_upload_is_no_path(manager_client: Client) -> None:
    file = io.BytesIO(csv_bytes(*people(1)))
    file.name = "..\\..\\evil<b>.csv"

    manager_client.post(url("import_new"), {"file": file})

    job = ImportJob.objects.get()
    assert job.file_name == "evil<b>.csv"
    assert "evil<b>" not in text(manager_client.get(url("import_list")))


def test_two_columns_for_one_field_are_refused(manager_client: Client, upload: MakeJob) -> None:
    job = upload(*people(2))

    response = manager_client.post(url("import_map", job), mapping_form(job, field_1="first_name"))

    assert "fills this field already" in text(response)
    assert fresh(job).status == ImportStatus.PENDING


def test_a_mapping_without_a_person_is_refused(manager_client: Client, upload: MakeJob) -> None:
    job = upload(*people(2))
    nobody = {f"field_{index}": "" for index in range(4)}

    response = manager_client.post(url("import_map", job), mapping_form(job, **nobody))

    assert "No column names the person" in text(response)


def test_dates_that_read_two_ways_are_asked_for(manager_client: Client, upload: MakeJob) -> None:
    job = upload("a@x.com,03/04/2026", header="Email,Last contacted")

    response = manager_client.post(url("import_map", job), mapping_form(job))
    assert "can be read two ways" in text(response)
    manager_client.post(url("import_map", job), mapping_form(job, date_order="dmy"))

    assert fresh(job).status == ImportStatus.READY


def test_a_file_can_be_read_another_way(manager_client: Client) -> None:
    uploaded(manager_client, csv_bytes("Łukasz,Ż,l@x.com,,,", encoding="cp1250"))
    job = ImportJob.objects.get()

    manager_client.post(url("import_reading", job), {"encoding": "cp1250", "delimiter": ","})

    assert fresh(job).encoding == "cp1250"
    assert "Łukasz" in text(manager_client.get(url("import_map", job)))


def test_another_strategy_is_checked_anew(manager_client: Client, checked: MakeJob) -> None:
    job = checked(*people(2), "X,Y,bad,,,")

    manager_client.post(url("import_check", job), {"strategy": "skip", "error_policy": "stop"})

    job = fresh(job)
    assert (job.status, job.duplicate_strategy) == (ImportStatus.READY, "skip")
    assert "Nothing can be imported yet" in text(manager_client.get(url("import_review", job)))
    response = manager_client.post(url("import_run", job), follow=True)
    assert "have errors" in text(response)
    assert not Contact.objects.exists()


def test_the_review_of_doubles_doubts_and_errors_adds_up(
    manager_client: Client, checked: MakeJob
) -> None:
    job = checked(
        "Ada,L,ada@x.com,+61 400 000 001,,",
        "Ada,L,ada@x.com,,,",
        "Bob,B,bob@x.com,+61 400 000 002,,",
        "Bob,B,bob@x.com,,,",
        "Adele,L,,+61 400 000 001,,",
        "Rob,B,,+61 400 000 002,,",
        "X,Y,bad,,,",
    )

    page = text(manager_client.get(url("import_review", job)))

    assert job.plan["counts"] == {
        "created": 2, "updated": 0, "unchanged": 0, "folded": 2,
        "skipped": 0, "ambiguous": 2, "failed": 1,
    }  # fmt: skip
    assert "Import 4 rows" in page
    assert "First updates" not in page
    # What one row says is told as its own; the cause says what is true of all its rows.
    for said in ("folded into row 2", "folded into row 4", "Possibly Ada L", "Possibly Bob B"):
        assert page.count(said) == 1
    assert "2 rows: 3, 5" in page


def test_the_result_counts_repeated_rows_apart(manager_client: Client, imported: MakeJob) -> None:
    job = imported("Ada,L,ada@x.com,,,", "Ada,M,ada@x.com,,,")

    page = text(manager_client.get(url("import_detail", job)))
    assert "Repeated in the file" in page
    notices = manager_client.get(url("import_problems", job) + "?kind=notice")
    assert "folded into row 2" in b"".join(notices).decode()
    assert "1 imports" not in text(manager_client.get(url("import_list")))


def test_the_columns_show_values_of_the_same_rows(manager_client: Client, upload: MakeJob) -> None:
    job = upload("Ada,,ada@x.com,,,", "Bob,,bob@x.com,+61 400 000 002,,", "Cy,,,,,", "Di,,,1234,,")

    page = manager_client.get(url("import_map", job))

    shown = {column["header"]: column["samples"] for column in page.context["form"].columns}
    assert shown["First name"] == ["Ada", "Bob", "Cy"]
    assert shown["Phone"] == ["", "+61 400 000 002", ""]
    assert ">empty</span>" in text(page)


def test_the_owner_of_new_records_is_chosen_with_the_columns(
    manager_client: Client, upload: MakeJob, manager: User, salesperson: User
) -> None:
    job = upload(*people(1))
    page = text(manager_client.get(url("import_map", job)))
    assert f'<option value="{manager.pk}" selected>Me ({manager})</option>' in page

    manager_client.post(url("import_map", job), mapping_form(job, owner=str(salesperson.pk)))

    assert fresh(job).owner == salesperson
    review = text(manager_client.get(url("import_review", job)))
    assert f"New records will belong to {salesperson}." in review
    assert f"Owner “{salesperson}”" in review

    manager_client.post(url("import_map", job), mapping_form(job, owner="nobody"))
    assert fresh(job).owner is None


def test_a_stranger_cannot_own_new_records(
    manager_client: Client, upload: MakeJob, outsider: User
) -> None:
    job = upload(*people(1))

    response = manager_client.post(
        url("import_map", job), mapping_form(job, owner=f"{outsider.pk}")
    )

    assert "Select a valid choice" in text(response)
    assert fresh(job).status == ImportStatus.PENDING


def test_progress_polls_itself_and_ends_with_a_reload(
    manager_client: Client, checked: MakeJob
) -> None:
    job = import_start(checked(*people(2)))
    poll = {"HX-Request": "true", "HX-Target": "import-progress"}

    part = manager_client.get(url("import_detail", job), headers=poll)
    assert "<html" not in text(part)
    assert 'hx-trigger="load delay:1s"' in text(part)
    tasks.work(job.pk)
    last = manager_client.get(url("import_detail", job), headers=poll)

    assert last.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_another_workspace_are_not_found(
    outsider_client: Client, imported: MakeJob, name: str
) -> None:
    assert outsider_client.get(url(name, imported(*people(1)))).status_code == 404


@pytest.mark.parametrize("name", ACTS)
def test_acts_on_another_workspace_are_not_found(
    outsider_client: Client, imported: MakeJob, name: str
) -> None:
    job = imported(*people(1))

    assert outsider_client.post(url(name, job)).status_code == 404
    assert fresh(job).status == ImportStatus.COMPLETED


def test_another_workspace_lists_none_of_them(outsider_client: Client, imported: MakeJob) -> None:
    imported(*people(1))

    assert "people.csv" not in text(outsider_client.get(url("import_list")))


@pytest.mark.parametrize("name", ["import_list", "import_new", "import_sample"])
def test_members_and_viewers_may_not_import(
    sales_client: Client, viewer_client: Client, name: str
) -> None:
    assert sales_client.get(url(name)).status_code == 403
    assert viewer_client.get(url(name)).status_code == 403


def test_who_is_not_signed_in_is_sent_to_do_so(client: Client, upload: MakeJob) -> None:
    response = client.get(url("import_map", upload(*people(1))))

    assert response.status_code == 302
    assert "/sign-in/" in response.url


@pytest.mark.parametrize(
    "name", [name for name in ACTS if name not in ("import_map", "import_undo")]
)
def test_acts_need_a_post(manager_client: Client, upload: MakeJob, name: str) -> None:
    assert manager_client.get(url(name, upload(*people(1)))).status_code == 405


def test_pages_cost_the_same_whatever_they_show(
    manager_client: Client, imported: MakeJob, checked: MakeJob, django_assert_num_queries: Any
) -> None:
    first = imported("X,Y,bad,,,", *people(2))
    for count in (3, 30):
        for number in range(3):
            imported("X,Y,bad,,,", *people(count, start=1000 * count + 100 * number))
        review = checked("X,Y,bad,,,", *people(count, start=50_000 + count))
        with django_assert_num_queries(5):
            manager_client.get(url("import_list"))
        with django_assert_num_queries(6):
            manager_client.get(url("import_review", review))
        with django_assert_num_queries(5):
            manager_client.get(url("import_detail", first))


def test_the_console_shows_imports(operator_client: Client, imported: MakeJob) -> None:
    job = imported(*people(2), "X,Y,bad,,,")

    for name in ("importjob", "importproblem", "exportjob"):
        page = operator_client.get(reverse(f"admin:imports_{name}_changelist"))
        assert page.status_code == 200
    page = text(operator_client.get(reverse("admin:imports_importjob_change", args=[job.pk])))
    assert "people.csv" in page
    assert "first_name" in page


def test_an_imported_record_tells_of_its_import(
    manager_client: Client, sales_client: Client, imported: MakeJob
) -> None:
    job = imported(*people(1))
    contact = Contact.objects.get()
    pages = (
        reverse("crm:contact_detail", args=[contact.pk]),
        reverse("crm:account_detail", args=[contact.account_id]),
    )

    for page in pages:
        shown = text(manager_client.get(page))
        assert f'<a href="{url("import_detail", job)}">Imported from people.csv</a>' in shown
        # Who may not look at imports is told, and led nowhere.
        shown = text(sales_client.get(page))
        assert "<strong>Imported from people.csv</strong>" in shown
        assert url("import_detail", job) not in shown
