"""What a connection did over the last hours, days or months, as charts.

Hours and days are counted from the runs and tries themselves; these are forgotten one day, so
months are those of the hourly figures.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection as database

from crm.charts import Bar, Chart, Series, chart_of, stacked_bars
from integrations.hub.models import Connection
from integrations.hub.overview import FIRST_SINCE
from integrations.hub.runs import IS_RUN, IS_WORK, RECORDS_SYNCED
from integrations.hub.spans import DAYS, MONTHS, UNITS, WORDS, Rows, Span, span_of
from integrations.hub.words import time_words

SPARK_WIDTH, SPARK_HEIGHT = 84, 24
NONE: Final = "None."

_PERIOD: Final = "WITH RECURSIVE period(since) AS (SELECT %(since)s::timestamptz),"
_RESULTS: Final = f"""
    count(*) FILTER (WHERE r.status = 'success' AND {IS_RUN}),
    count(*) FILTER (WHERE r.status IN ('partial', 'held', 'cancelled')),
    count(*) FILTER (WHERE r.status = 'failed')
"""
_RUNS: Final = f"""
{_PERIOD} {FIRST_SINCE.format(name="runs", table="hub_syncrun", at="started_at")}
SELECT date_trunc(%(unit)s, r.started_at, %(zone)s), {_RESULTS},
    COALESCE(sum({RECORDS_SYNCED}), 0), COALESCE(sum(r.failed), 0),
    COALESCE(avg(r.duration_ms) FILTER (WHERE r.kind IN ('pull', 'full')), 0) / 1000.0
FROM hub_syncrun r
WHERE r.connection_id = %(connection)s AND r.id >= (SELECT max(low) FROM runs)
  AND {IS_WORK}
GROUP BY 1
"""  # noqa: S608
_TRIES: Final = f"""
{_PERIOD} {FIRST_SINCE.format(name="tries", table="hub_attempt", at="started_at")}
SELECT date_trunc(%(unit)s, a.started_at, %(zone)s),
    count(*) FILTER (WHERE a.outcome = 'done'), count(*) FILTER (WHERE a.outcome = 'again'),
    count(*) FILTER (WHERE a.outcome = 'dead')
FROM hub_attempt a JOIN hub_syncjob j ON j.id = a.job_id
WHERE j.connection_id = %(connection)s AND a.id >= (SELECT max(low) FROM tries)
GROUP BY 1
"""  # noqa: S608
_DEATHS: Final = """
SELECT date_trunc(%(unit)s, d.finished_at, %(zone)s), sum(d.job), sum(d.event) FROM (
    SELECT finished_at, 1 AS job, 0 AS event FROM hub_syncjob
    WHERE connection_id = %(connection)s AND state = 'dead' AND finished_at >= %(since)s
    UNION ALL
    SELECT finished_at, 0, 1 FROM hub_inboxevent
    WHERE connection_id = %(connection)s AND state = 'dead' AND finished_at >= %(since)s
) d GROUP BY 1
"""
_SPARKS: Final = f"""
{_PERIOD} {FIRST_SINCE.format(name="runs", table="hub_syncrun", at="started_at")}
SELECT r.connection_id, date_trunc(%(unit)s, r.started_at, %(zone)s), {_RESULTS}
FROM hub_syncrun r
WHERE r.connection_id = ANY(%(connections)s) AND r.id >= (SELECT max(low) FROM runs)
  AND {IS_WORK} AND {IS_RUN}
GROUP BY 1, 2
"""  # noqa: S608


_ROLLED: Final = """
SELECT date_trunc('month', f.hour, %(zone)s), sum(runs_succeeded), sum(runs_partial),
    sum(runs_failed), sum(records_synced), sum(records_failed),
    COALESCE(sum(pull_ms)::float8 / NULLIF(sum(pulls), 0), 0) / 1000.0,
    sum(tries_done), sum(tries_again), sum(tries_dead), sum(dead_jobs), sum(dead_events)
FROM hub_hourlyfigures f WHERE f.connection_id = %(connection)s AND f.hour >= %(since)s
GROUP BY 1
"""


@dataclass(frozen=True)
class Spark:
    """The runs of the last days in a few bars, and in a sentence."""

    words: str
    bars: tuple[Bar, ...]


def trends_of(connection: Connection, span: Span) -> list[Chart]:
    """Runs by result, records, mean time of a run, tries and dead letters; three queries or one."""
    values = {**span.values, "connection": connection.pk}
    runs, tries, deaths = _rolled(values) if span.name == MONTHS else _counts(values)
    return [
        _chart(span, "runs", "Runs", _series(span, runs, RUNS)),
        _chart(span, "records", "Records in runs", _series(span, runs, RECORDS)),
        _mean_chart(span, runs),
        _chart(span, "tries", "Tries to send", _series(span, tries, TRIES)),
        _chart(span, "dead", "Dead letters, by when they died", _series(span, deaths, DEATHS)),
    ]


def _counts(values: Mapping[str, Any]) -> tuple[Rows, Rows, Rows]:
    return _rows(_RUNS, values), _rows(_TRIES, values), _rows(_DEATHS, values)


def _rolled(values: Mapping[str, Any]) -> tuple[Rows, Rows, Rows]:
    """The columns of the three statements, of the hourly figures."""
    rows = _rows(_ROLLED, values)
    parts = (slice(0, 6), slice(6, 9), slice(9, 11))
    runs, tries, deaths = ({at: row[part] for at, row in rows.items()} for part in parts)
    return runs, tries, deaths


def sparks(connections: Sequence[int]) -> dict[int, Spark]:
    """The last days of many connections by their ids, in one query; none without runs."""
    span = span_of(DAYS)
    found: dict[int, dict[datetime.datetime, Sequence[float]]] = defaultdict(dict)
    with database.cursor() as cursor:
        cursor.execute(_SPARKS, {**span.values, "connections": list(connections)})
        for pk, at, *counts in cursor.fetchall():
            found[pk][at] = counts
    return {pk: _spark(span, rows) for pk, rows in found.items()}


# Colour, word and column of each part, the one on the floor first.
RUNS: Final = (("ok", "Success", 0), ("warn", "Partly failed or stopped", 1), ("err", "Failed", 2))
RECORDS: Final = (("accent", "Synced", 3), ("err", "Failed", 4))
TRIES: Final = (("ok", "Done", 0), ("warn", "Tried again later", 1), ("err", "Given up", 2))
DEATHS: Final = (("err", "Jobs", 0), ("warn", "Events", 1))


def _series(span: Span, rows: Rows, parts: Sequence[tuple[str, str, int]]) -> tuple[Series, ...]:
    return tuple(Series(kind, label, span.column(rows, place)) for kind, label, place in parts)


def _chart(span: Span, key: str, title: str, series: tuple[Series, ...]) -> Chart:
    return chart_of(
        key,
        f"{title}, last {WORDS[span.name]}",
        span.labels,
        series,
        words=_counted(series, f"{title}, last {WORDS[span.name]}"),
        head=UNITS[span.name].capitalize(),
    )


def _counted(series: Sequence[Series], title: str) -> str:
    """The chart in one sentence, for those who do not see it."""
    parts = [f"{sum(one.values):,.0f} {one.label.lower()}" for one in series if any(one.values)]
    return f"{title}: {', '.join(parts)}." if parts else NONE


def _mean_chart(span: Span, runs: Rows) -> Chart:
    means = Series("accent", "Mean time of a pull", span.column(runs, 5))
    known = [one for one in means.values if one]
    title = f"Mean time of a pull, last {WORDS[span.name]}"
    said = f"{title}: from {time_words(min(known))} to {time_words(max(known))}." if known else NONE
    return chart_of(
        "mean",
        title,
        span.labels,
        (means,),
        words=said,
        head=UNITS[span.name].capitalize(),
        text=lambda seconds: time_words(seconds) if seconds else "—",
    )


def _spark(span: Span, rows: Rows) -> Spark:
    series = _series(span, rows, RUNS)
    bars = stacked_bars(series, width=SPARK_WIDTH, height=SPARK_HEIGHT, gap=2)
    return Spark(_counted(series, f"Runs, last {WORDS[DAYS]}"), tuple(bars))


def _rows(statement: str, values: Mapping[str, Any]) -> Rows:
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return {at: counts for at, *counts in cursor.fetchall()}
