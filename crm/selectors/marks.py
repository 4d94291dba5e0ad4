"""Finds the records that bear given marks: one query for each kind of mark and set of them.

The match ladder (crm.selectors.matching, imports) is made of these look-ups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

NameKey = tuple[int, str, str]
# For each mark the ids of the records that bear it.
Found = dict[Any, list[int]]


class Key(StrEnum):
    """The marks a record is recognised by."""

    EMAIL = "email"
    LINKEDIN = "linkedin"
    NAME = "name"
    PHONE = "phone"
    DOMAIN = "a_domain"
    COMPANY = "a_name"
    LEAD_EMAIL = "l_email"
    LEAD_PHONE = "l_phone"


def marks_find(workspace_id: int, key: Key, wanted: Collection[Any]) -> Found:
    """For each wanted mark the ids of the records that bear it, the oldest first.

    Archived records are not found. A name is an account's id, first and last name.
    """
    if not wanted:
        return {}
    if key is Key.NAME:
        return _find_names(workspace_id, wanted)
    parameters: dict[str, Any] = {"workspace": workspace_id, "marks": list(wanted)}
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[key], parameters)
        rows = cursor.fetchall()
        if key is Key.EMAIL:
            rows += _find_other_emails(cursor, parameters)
    found: Found = defaultdict(list)
    for mark, record_id in rows:
        if record_id not in found[mark]:
            found[mark].append(record_id)
    return found


def _find_other_emails(cursor: CursorWrapper, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """By their inverted index, which the planner passes over for so many addresses at once."""
    cursor.execute(OTHER_EMAILS_EXIST, parameters)
    if cursor.fetchone() is None:
        return []
    with transaction.atomic():
        cursor.execute("SET LOCAL enable_seqscan TO off")
        cursor.execute(OTHER_EMAILS, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan TO DEFAULT")
    return rows


def _find_names(workspace_id: int, wanted: Iterable[NameKey]) -> Found:
    keys = list(wanted)
    columns = [[key[part] for key in keys] for part in range(3)]
    with connection.cursor() as cursor:
        cursor.execute(NAME_QUERY, [*columns, workspace_id])
        found: Found = defaultdict(list)
        for record_id, account_id, first, last in cursor.fetchall():
            found[(account_id, first, last)].append(record_id)
    return found


# Names are lowered by the database on both sides: its idea of lower case is the index's.
# The blank tests let the partial indexes of the imports' migrations serve.
QUERIES: Final[Mapping[Key, str]] = {
    Key.EMAIL: """
        SELECT lower(email), id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND lower(email) = ANY(%(marks)s)
        ORDER BY 2""",
    Key.LINKEDIN: """
        SELECT lower(linkedin_url), id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND linkedin_url <> '' AND lower(linkedin_url) = ANY(%(marks)s)
        ORDER BY 2""",
    Key.PHONE: """
        SELECT phone, id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL AND phone = ANY(%(marks)s)
        UNION ALL
        SELECT mobile, id FROM crm_contact
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND mobile <> '' AND mobile = ANY(%(marks)s)
        ORDER BY 2""",
    Key.DOMAIN: """
        SELECT lower(domain), id FROM crm_account
        WHERE workspace_id = %(workspace)s AND archived_at IS NULL
            AND lower(domain) = ANY(%(marks)s)
        ORDER BY 2""",
    Key.COMPANY: """
        SELECT k.mark, a.id FROM unnest(%(marks)s::text[]) AS k(mark)
        JOIN crm_account a ON lower(a.name) = lower(k.mark)
        WHERE a.workspace_id = %(workspace)s AND a.archived_at IS NULL
        ORDER BY 2""",
    # Of several leads of one person those still open are meant.
    Key.LEAD_EMAIL: """
        SELECT mark, id FROM (
            SELECT lower(email) AS mark, id, rank() OVER (
                PARTITION BY lower(email) ORDER BY status IN ('converted', 'lost')) AS place
            FROM crm_lead
            WHERE workspace_id = %(workspace)s AND archived_at IS NULL
                AND lower(email) = ANY(%(marks)s)
        ) AS found WHERE place = 1 ORDER BY 2""",
    # Leads have their phones indexed from the end.
    Key.LEAD_PHONE: """
        SELECT mark, id FROM (
            SELECT phone AS mark, id, rank() OVER (
                PARTITION BY phone ORDER BY status IN ('converted', 'lost')) AS place
            FROM crm_lead
            WHERE workspace_id = %(workspace)s AND archived_at IS NULL
                AND reverse(phone) = ANY(ARRAY(
                    SELECT reverse(mark) FROM unnest(%(marks)s::text[]) AS mark))
        ) AS found WHERE place = 1 ORDER BY 2""",
}
OTHER_EMAILS_EXIST: Final = """
    SELECT 1 FROM crm_contact WHERE workspace_id = %(workspace)s AND other_emails <> '{}' LIMIT 1
"""
OTHER_EMAILS: Final = """
    SELECT mark, id FROM crm_contact, unnest(other_emails) AS mark
    WHERE workspace_id = %(workspace)s AND archived_at IS NULL
        AND other_emails && %(marks)s::varchar[] AND mark = ANY(%(marks)s)
    ORDER BY 2
"""
NAME_QUERY: Final = """
    SELECT c.id, k.account_id, k.first, k.last
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS k(account_id, first, last)
    JOIN crm_contact c ON c.account_id = k.account_id
        AND lower(c.last_name) = lower(k.last) AND lower(c.first_name) = lower(k.first)
    WHERE c.workspace_id = %s AND c.archived_at IS NULL ORDER BY c.id
"""
