"""The markup of the small tags, and that what they are given is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template
from django.test import RequestFactory
from django.utils import timezone

from crm.templatetags import ui

HOSTILE = '"><script>alert(1)</script>'


@dataclass(frozen=True)
class Stage:
    order: int
    is_won: bool = False
    is_lost: bool = False


def rendered(source: str, path: str = "/", **context: object) -> str:
    request = RequestFactory().get(path)
    return Template("{% load ui %}" + source).render(RequestContext(request, context))


@pytest.mark.parametrize(
    "source",
    [
        "{% badge value value %}",
        "{% avatar value %}",
        "{% icon value %}",
        "{% phone value %}",
        "{% mail value %}",
        "{{ value|tone }}",
        '{% include "components/alert.html" with message=value kind=value %}',
        '{% include "components/empty.html" with title=value text=value action_url=value %}',
        '{% include "components/search_box.html" with label=value value=value %}',
        '{% include "components/timeline_item.html" with title=value body=value actor=value %}',
    ],
)
def test_tag_escapes_what_it_is_given(source: str) -> None:
    assert "<script" not in rendered(source, value=HOSTILE)


def test_icon_points_into_the_sprite_and_is_decoration() -> None:
    markup = rendered('{% icon "mail" "icon-sm" %}')

    assert '<use href="/static/icons.svg#mail"/>' in markup
    assert 'class="icon icon-sm" aria-hidden="true"' in markup


@pytest.mark.parametrize(
    ("value", "css_class"),
    [("customer", "badge badge-ok"), ("err", "badge badge-err"), ("unheard-of", "badge")],
)
def test_badge_takes_the_tone_of_a_stored_value(value: str, css_class: str) -> None:
    assert ui.badge("Word", value) == f'<span class="{css_class}">Word</span>'


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Amélie Fontaine", "AF"),
        ("amelie@example.com", "AE"),
        ("Cher", "C"),
        ("José María de la Cruz", "JC"),
        ("", "?"),
        ("& Co", "C"),
    ],
)
def test_initials_take_first_and_last_word(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_avatar_keeps_its_colour_for_the_same_name() -> None:
    assert ui.avatar("Ada Lovelace") == ui.avatar("Ada Lovelace")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("1200"), "USD", "$1,200.00"),
        (Decimal("1200.5"), "eur", "€1,200.50"),
        (Decimal("1200"), "JPY", "¥1,200"),
        (Decimal("9.9"), "CHF", "CHF 9.90"),
        (Decimal("-5"), "GBP", "−£5.00"),  # noqa: RUF001
        (Decimal("0"), "USD", "$0.00"),
        (Decimal("9.999"), "USD", "$10.00"),
        (Decimal("0.005"), "USD", "$0.01"),
        (Decimal("-0.001"), "USD", "$0.00"),
        (Decimal("10.9"), "JPY", "¥11"),
        (Decimal("1.2345"), "KWD", "KWD 1.235"),
        (9.999, "USD", "$10.00"),
        (None, "USD", ""),
    ],
)
def test_money_follows_the_currency(
    amount: Decimal | float | None, currency: str, text: str
) -> None:
    assert ui.money(amount, currency) == text


def test_relative_time_gives_the_full_date_too() -> None:
    moment = timezone.now() - timedelta(hours=2)

    markup = ui.relative_time(moment)

    assert f'datetime="{moment.isoformat()}"' in markup
    assert ">2 h ago</time>" in markup
    assert ui.relative_time(None) == ""


def test_due_says_late_until_done() -> None:
    late = timezone.now() - timedelta(days=2)

    assert "Late:" in ui.due(late)
    assert "Late:" not in ui.due(late, done=True)
    assert "Late:" not in ui.due(timezone.now() + timedelta(days=2))


@pytest.mark.parametrize(("score", "tone"), [(70, "ok"), (69, "warn"), (40, "warn"), (39, "err")])
def test_health_is_coloured_by_its_score(score: int, tone: str) -> None:
    assert f'class="bar bar-{tone}" value="{score}"' in ui.health(score)


@pytest.mark.parametrize(
    ("stage", "css_class"),
    [
        (Stage(0), "stage-1"),
        (Stage(6), "stage-2"),
        (Stage(1, is_won=True), "stage-won"),
        (Stage(1, is_lost=True), "stage-lost"),
        (None, ""),
    ],
)
def test_stage_class_tells_won_lost_and_place(stage: Stage | None, css_class: str) -> None:
    assert ui.stage_class(stage) == css_class


def test_sort_header_turns_round_and_keeps_the_filters() -> None:
    source = '{% sort_header "name" "Name" %}'

    first = rendered(source, "/contacts/?q=a&page=3")
    second = rendered(source, "/contacts/?q=a&sort=name")
    third = rendered(source, "/contacts/?sort=-name")

    assert 'href="?q=a&amp;sort=name"' in first
    assert "aria-sort" not in first
    assert 'aria-sort="ascending"' in second
    assert 'href="?q=a&amp;sort=-name"' in second
    assert 'aria-sort="descending"' in third


def test_pager_counts_and_keeps_the_filters() -> None:
    page = Paginator(range(4200), 50).get_page(2)

    markup = rendered(
        '{% include "components/pager.html" with page=page noun="contact" %}',
        "/contacts/?q=a&page=2",
        page=page,
    )

    assert "51–100 of 4,200 contacts" in markup  # noqa: RUF001
    assert 'href="?q=a&amp;page=1"' in markup
    assert 'href="?q=a&amp;page=3"' in markup


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (4200, "row", "4,200 rows"),
        (1, "entry,entries", "1 entry"),
        (2, "entry,entries", "2 entries"),
    ],
)
def test_counted_finds_the_right_word(count: int, noun: str, words: str) -> None:
    assert ui.counted(count, noun) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Short enough", "Short enough"), ("It could not be read there", "It could not …"), ("", "")],
)
def test_long_text_is_cut_between_words(text: str, shown: str) -> None:
    assert ui.cut(text, 15) == shown


def test_identifier_breaks_after_its_marks_only() -> None:
    shown = rendered("{{ name|breakable }}", name="custom.lead_<b>")

    assert shown == "custom.<wbr>lead_<wbr>&lt;b&gt;"


@pytest.mark.parametrize(
    ("stored", "markup"),
    [
        ("+61400000001", '<a class="nowrap" href="tel:+61400000001">+61 400 000 001</a>'),
        ("+14155550132", '<a class="nowrap" href="tel:+14155550132">+1 415-555-0132</a>'),
        ("0171 555", '<a class="nowrap" href="tel:0171555">0171 555</a>'),
        ("+1", '<a class="nowrap" href="tel:+1">+1</a>'),
        ("ask reception", "ask reception"),
        ("", ""),
        (None, ""),
    ],
)
def test_phone_reads_well_and_calls_what_is_stored(stored: str | None, markup: str) -> None:
    assert rendered("{% phone stored %}", stored=stored) == markup


@pytest.mark.parametrize(
    ("address", "markup"),
    [
        ("ada@birch.example", '<a href="mailto:ada@birch.example">ada@birch.example</a>'),
        ("nobody", "nobody"),
        ("", ""),
        (None, ""),
    ],
)
def test_mail_is_a_link_where_there_is_an_address(address: str | None, markup: str) -> None:
    assert rendered("{% mail address %}", address=address) == markup


def test_pager_of_one_page_only_counts() -> None:
    markup = rendered(
        '{% include "components/pager.html" with page=page noun="entry,entries" %}',
        page=Paginator(["one"], 50).get_page(1),
    )

    assert "<p>1 entry</p>" in markup


def test_pager_of_nothing_says_so() -> None:
    markup = Template('{% include "components/pager.html" %}').render(
        Context({"page": Paginator([], 50).get_page(1), "noun": "contact"})
    )

    assert "<p>0 contacts</p>" in markup
