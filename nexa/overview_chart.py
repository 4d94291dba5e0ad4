"""The overview's chart: what came in each hour, and beside it the tries of jobs."""

from __future__ import annotations

from collections.abc import Sequence

from crm.charts import Chart, Series, chart_of
from integrations.hub.overview import HourOfTraffic

WIDTH, HEIGHT = 600, 190
NOTHING = "No event came in and no job was tried in the last 24 hours."


def traffic_chart(hours: Sequence[HourOfTraffic], words: str) -> Chart:
    """`words` say it in one sentence, for those who do not see it."""
    events = tuple(float(one.events) for one in hours)
    failed = tuple(float(one.failed) for one in hours)
    succeeded = tuple(float(one.tries - one.failed) for one in hours)
    return chart_of(
        "traffic",
        "Traffic of the last 24 hours, UTC",
        [f"{one.hour:%H:%M}" for one in hours],
        (Series("accent", "Events received", events),),
        (
            Series("err", "Tries without success", failed),
            Series("soft", "Tries that went well", succeeded),
        ),
        words=words if any(one.events or one.tries for one in hours) else NOTHING,
        head="Hour (UTC)",
        width=WIDTH,
        height=HEIGHT,
    )
