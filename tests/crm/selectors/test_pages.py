"""A page deep in a list is found by keys in the index, in the same one query and order."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Lower
from django.test import Client

from crm.models import Contact, Pipeline, Workspace
from crm.selectors.contacts import contacts_list, contacts_of
from crm.selectors.pages import KeysFirstPaginator, rows_between
from crm.services.bulk import records_create
from crm.services.pipelines import StagePlan, pipeline_create
from tests.factories import TEST_ORIGIN

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(workspace: Workspace) -> QuerySet[Contact]:
    rows = [{"first_name": f"F{number % 7}", "last_name": f"L{number}"} for number in range(130)]
    records_create(Contact, workspace=workspace, rows=rows, origin=TEST_ORIGIN)
    return contacts_list(workspace)


@pytest.mark.parametrize(
    "order",
    [("-updated_at", "-id"), (Lower("first_name").desc(), "id"), (F("account").asc(), "id")],
)
def test_pages_hold_every_row_once_in_order(many: QuerySet[Contact], order: Any) -> None:
    rows = many.order_by(*order)
    pages = KeysFirstPaginator(rows, 50)

    shown = [row.pk for number in pages.page_range for row in pages.page(number)]

    assert shown == [row.pk for row in rows]


def test_page_is_one_query_with_its_links(
    many: QuerySet[Contact], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert len([str(row.account) for row in rows_between(many, 50, 100)]) == 50


def test_filters_stay_with_the_keys(many: QuerySet[Contact]) -> None:
    found = many.filter(first_name="F1")

    assert list(rows_between(found, 5, 10)) == list(found[5:10])
    assert (
        "first_name"
        not in str(rows_between(found, 5, 10).query).split(" IN (", 1)[0].split(" WHERE ", 1)[1]
    )


def test_rows_with_words_of_their_own_are_sliced_as_they_are(workspace: Workspace) -> None:
    rows = contacts_of(workspace).annotate(shout=Lower("last_name")).order_by("id")
    records_create(
        Contact, workspace=workspace, rows=[{"last_name": "A"}, {"last_name": "B"}],
        origin=TEST_ORIGIN,
    )  # fmt: skip

    assert [row.shout for row in rows_between(rows, 1, 2)] == ["b"]


def test_second_page_of_pipelines_reads_their_stages_at_once(
    workspace: Workspace, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        plan = [StagePlan("Due", 40), StagePlan("Done", 100, is_won=True)]
        pipeline_create(workspace=workspace, name=f"P{number}", stages=plan, origin=TEST_ORIGIN)
    pages = KeysFirstPaginator(
        Pipeline.objects.filter(workspace=workspace).order_by("id").prefetch_related("stages"), 3
    )
    assert pages.count == 6

    with django_assert_num_queries(2):
        shown = [[stage.name for stage in row.stages.all()] for row in pages.page(2)]

    assert shown == [["Due", "Done"]] * 3


@pytest.mark.parametrize("part", [{"only": ["last_name"]}, {"defer": ["custom"]}])
def test_columns_left_out_stay_out_on_later_pages(
    many: QuerySet[Contact], part: dict[str, list[str]]
) -> None:
    [(name, columns)] = part.items()
    rows = getattr(many.select_related(None), name)(*columns)

    assert [row.get_deferred_fields() for row in rows_between(rows, 50, 52)] == [
        row.get_deferred_fields() for row in rows[50:52]
    ]


def test_values_stay_values_on_later_pages(many: QuerySet[Contact]) -> None:
    names = many.order_by("id").values_list("last_name", flat=True)

    assert list(rows_between(names, 50, 52)) == ["L50", "L51"]


def test_deep_page_skips_rows_in_the_index_alone(workspace: Workspace) -> None:
    rows = [{"last_name": f"L{number}"} for number in range(3000)]
    records_create(Contact, workspace=workspace, rows=rows, origin=TEST_ORIGIN)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")

    plan = rows_between(contacts_list(workspace), 2500, 2550).explain()

    assert "Index Only Scan using contact_latest" in plan


def test_deep_pages_of_list_and_api_show_their_rows(
    sales_client: Client, many: QuerySet[Contact]
) -> None:
    page = sales_client.get("/contacts/", {"page": 3}).context["listed"].page
    answer = sales_client.get("/api/contacts/", {"page": 3}).json()

    expected = [row.pk for row in many[100:130]]
    assert [row.pk for row in page] == expected
    assert [row["id"] for row in answer["results"]] == expected
