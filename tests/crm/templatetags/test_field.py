"""A form's field as the pages show it: label, help and errors tied to the control."""

from __future__ import annotations

import re

from django.template import Context, Template

from crm.views.ui import SampleForm


def rendered(form: SampleForm) -> str:
    return Template('{% include "components/fields.html" %}').render(Context({"form": form}))


def test_field_ties_help_and_error_to_the_control() -> None:
    markup = rendered(SampleForm({}))

    control = re.search(r'<input type="text" name="name"[^>]*>', markup)
    assert control
    assert 'aria-invalid="true"' in control[0]
    assert 'aria-describedby="id_name_helptext id_name_error"' in control[0]
    assert 'id="id_name_helptext"' in markup
    assert 'id="id_name_error"' in markup


def test_every_described_by_points_at_something() -> None:
    markup = rendered(SampleForm({}))

    pointed = {
        target
        for group in re.findall(r'aria-describedby="([^"]+)"', markup)
        for target in group.split()
    }

    assert pointed <= set(re.findall(r'\bid="([^"]+)"', markup))


def test_every_label_points_at_its_control() -> None:
    markup = rendered(SampleForm())

    pointed = set(re.findall(r'<label for="([^"]+)"', markup))

    assert pointed <= set(re.findall(r'\bid="([^"]+)"', markup))
    assert "id_opt_in" in pointed


def test_choices_of_one_question_share_a_legend() -> None:
    markup = rendered(SampleForm())

    assert re.search(r"<fieldset[^>]*>\s*<legend>Preferred channel</legend>", markup)


def test_refused_form_says_nothing_was_saved() -> None:
    assert "Nothing was saved yet" in rendered(SampleForm({}))
    assert "Nothing was saved yet" not in rendered(SampleForm())
