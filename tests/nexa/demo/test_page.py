from __future__ import annotations

import pytest

from nexa.demo.check.page import page_read

SOURCE = """
<title>T</title><style>.x{}</style>
<h1 id="title">Hello <b>there</b></h1>
<a href="/next/?a=1&amp;b=2"><svg><path></path></svg>Next <span>page</span></a>
<form method="post" action="/go/" id="form">
  <input type="hidden" name="csrfmiddlewaretoken" value="tok">
  <input name="name" value="A &amp; B"><input type="file" name="file">
  <input type="checkbox" name="off"><input type="checkbox" name="on" checked>
  <select name="kind"><option value="a">A</option><option value="b" selected>B</option></select>
  <select name="first"><option value="x">X</option><option value="y">Y</option></select>
  <textarea name="notes">
line</textarea>
  <button name="stage" value="3"><span>Move to </span>Won</button>
  <button type="button">Not me</button>
</form>
<div class="stat"><span class="stat-label"><svg><use></use></svg>Health</span>
  <span class="stat-value tone-ok">75</span></div>
<template><p>unseen</p></template>
"""


@pytest.fixture
def page():
    return page_read("http://x/", 200, SOURCE)


def test_page_has_the_words_a_person_sees(page) -> None:
    assert "Hello there" in page.text
    assert "unseen" not in page.text
    assert ".x" not in page.text


def test_page_has_texts_by_id(page) -> None:
    assert page.texts_by_id["title"] == "Hello there"


def test_page_has_links_by_words(page) -> None:
    assert page.link("Next page") == "/next/?a=1&b=2"
    assert page.link("Elsewhere") is None


def test_form_sends_what_a_browser_would(page) -> None:
    form = page.form_with("Move to Won")

    assert (form.action, form.method) == ("/go/", "post")
    assert form.values == {
        "csrfmiddlewaretoken": "tok",
        "name": "A & B",
        "on": "on",
        "kind": "b",
        "first": "x",
        "notes": "line",
    }


def test_button_carries_its_value_and_only_submits_count(page) -> None:
    button = page.form_with("Move").button("Move to Won")

    assert (button.name, button.value) == ("stage", "3")
    assert page.form_with("Not me") is None


def test_figure_is_read_by_its_label(page) -> None:
    assert page.figure("Health") == "75"
    assert page.figure("MRR") == ""
