"""Files people take away: safe in a spreadsheet, and good for another upload."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.storage import default_storage

from crm.models import Contact
from imports.choices import ProblemKind
from imports.downloads import cell_safe, problem_lines, sample_lines
from imports.models import ImportJob
from imports.selectors import problems_of
from tests.imports.conftest import MakeJob, people


def table(job: ImportJob) -> list[list[str]]:
    problems = problems_of(job, ProblemKind.ERROR, ProblemKind.AMBIGUOUS)
    text = "".join(problem_lines(job, problems)).removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("text", ["=1+1", "+61 400", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_download_is_a_formula(text: str) -> None:
    assert cell_safe(text) == f"'{text}"


@pytest.mark.django_db
def test_rows_with_problems_come_with_their_cells_and_the_reason(imported: MakeJob) -> None:
    job = imported(*people(3), "=cmd(),Y,bad,+61 400 000 009,,", *people(3, start=10))

    header, row = table(job)

    assert header[-2:] == ["Row in the file", "Import problem"]
    assert row == [
        "'=cmd()", "Y", "bad", "'+61 400 000 009", "", "", "5",
        "Email: This is not an e-mail address.",
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_mended_download_can_be_uploaded(imported: MakeJob) -> None:
    job = imported("=x,Y,bad,+61 400 000 009,,")
    text = "".join(problem_lines(job, problems_of(job, ProblemKind.ERROR)))

    again = imported(content=text.replace("bad", "good@x.com").encode())

    assert again.created == 1
    contact = Contact.objects.get()
    assert (contact.first_name, contact.phone) == ("=x", "+61400000009")


@pytest.mark.django_db
def test_without_the_file_the_kept_values_are_given(imported: MakeJob) -> None:
    job = imported("X,Y,bad,,,")
    default_storage.delete(str(job.file.name))

    assert table(job)[1][:3] == ["X", "Y", "bad"]


@pytest.mark.django_db
def test_the_sample_imports_as_it_is(imported: MakeJob) -> None:
    job = imported(content="".join(sample_lines()).encode())

    assert (job.created, job.failed, job.accounts_created) == (2, 0, 2)
