"""Each line of the failure plan is held by a test that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integrations.hub import matrix

HERE = Path(__file__).parent
LINES = [f"K{number}" for number in range(1, 13)] + [f"S{number}" for number in range(1, 19)]


def test_every_line_of_the_plan_is_held() -> None:
    assert list(matrix.HOLDERS) == LINES
    assert all(matrix.HOLDERS.values())


@pytest.mark.parametrize("line", LINES)
def test_holders_of_a_line_are_there(line: str) -> None:
    for holder in matrix.HOLDERS[line]:
        file, _, name = holder.partition("::")
        assert f"\ndef {name}(" in (HERE / file).read_text(), holder


@pytest.mark.parametrize("line", LINES)
def test_table_for_people_names_the_same_files(line: str) -> None:
    (row,) = (row for row in (matrix.__doc__ or "").splitlines() if row.split(" ")[0] == line)

    first_file = matrix.HOLDERS[line][0].partition("::")[0]

    assert first_file in row
