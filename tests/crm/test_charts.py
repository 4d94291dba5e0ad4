"""Charts stack what belongs together, stand on the floor and say the same as a table."""

from __future__ import annotations

from crm.charts import Series, chart_of, stacked_bars
from crm.templatetags.ui import number


def test_stack_grows_from_the_floor_and_the_tallest_fills_the_room() -> None:
    done, failed = Series("ok", "Done", (8.0, 0.0)), Series("err", "Failed", (2.0, 0.0))

    chart = chart_of("runs", "Runs", ["1 May", "2 May"], (done, failed), words="", head="Day")

    low, high = chart.bars
    assert (low.kind, high.kind) == ("ok", "err")
    assert low.y + low.height == chart.floor
    assert high.y + high.height == low.y
    assert high.y == 16
    assert chart.top == "10"


def test_stacks_stand_side_by_side_and_the_smallest_value_is_seen() -> None:
    many, one = Series("accent", "In", (100_000.0,)), Series("ok", "Out", (1.0,))

    chart = chart_of("traffic", "Traffic", ["10:00"], (many,), (one,), words="", head="Hour")

    left, right = chart.bars
    assert right.x > left.x
    assert left.x + left.width <= right.x + 0.1
    assert right.height == 2
    assert chart.top == number(100_000)


def test_table_has_each_slot_with_its_values() -> None:
    means = Series("accent", "Mean", (0.5, 2.0))

    chart = chart_of(
        "mean", "Mean", ["a", "b"], (means,), words="", head="Day", text=lambda one: f"{one} s"
    )

    assert chart.rows == [("a", ["0.5 s"]), ("b", ["2.0 s"])]


def test_nothing_draws_nothing() -> None:
    nothing = Series("ok", "Done", (0.0, 0.0))

    assert chart_of("runs", "Runs", ["a", "b"], (nothing,), words="None.", head="Day").bars == ()
    assert stacked_bars([nothing], width=84, height=24, gap=2) == []
