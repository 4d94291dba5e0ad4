"""What a row may change in a record that is there."""

from __future__ import annotations

from typing import Any

import pytest

from imports.choices import DuplicateStrategy
from imports.merging import record_changes

UPDATE, MERGE = DuplicateStrategy.UPDATE, DuplicateStrategy.MERGE


@pytest.mark.parametrize(
    ("present", "given", "strategy", "changes"),
    [
        ({"title": "CEO"}, {"title": "Chair"}, UPDATE, {"title": "Chair"}),
        ({"title": "CEO"}, {"title": "Chair"}, MERGE, {}),
        ({"title": ""}, {"title": "Chair"}, MERGE, {"title": "Chair"}),
        ({"title": "CEO"}, {"title": ""}, UPDATE, {}),
        ({"email": "a@x.com"}, {"email": "b@x.com"}, UPDATE, {}),
        ({"tags": ["vip"]}, {"tags": ["VIP", "new"]}, MERGE, {"tags": ["vip", "new"]}),
        ({"tags": ["vip"]}, {"tags": ["vip"]}, UPDATE, {}),
        (
            {"phone": "+611", "phone_raw": "1"},
            {"phone": "+612", "phone_raw": "(2)"},
            UPDATE,
            {"phone": "+612", "phone_raw": "(2)"},
        ),
        ({"phone": "+611", "phone_raw": "1"}, {"phone": "+611", "phone_raw": "(1)"}, UPDATE, {}),
    ],
)
def test_changes_follow_the_strategy(
    present: dict[str, Any],
    given: dict[str, Any],
    strategy: DuplicateStrategy,
    changes: dict[str, Any],
) -> None:
    assert record_changes(present, given, strategy=strategy) == changes


@pytest.mark.parametrize(
    ("stands", "says", "becomes"),
    [(None, True, True), (None, False, False), (True, False, False)],
)
def test_consent_moves_towards_refusal_or_from_nothing(
    stands: bool | None, says: bool, becomes: bool
) -> None:
    changes = record_changes({"email_opt_in": stands}, {"email_opt_in": says}, strategy=MERGE)

    assert changes == {"email_opt_in": becomes}


def test_an_opt_out_is_never_undone() -> None:
    assert record_changes({"email_opt_in": False}, {"email_opt_in": True}, strategy=UPDATE) == {}
