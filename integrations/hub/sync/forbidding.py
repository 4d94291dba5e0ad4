"""Tells a permission that is missing from records that are off limits, by a batch's refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from integrations.hub.classification import classified
from integrations.hub.errors import Forbidden, told_cause
from integrations.hub.gates import FORBIDDEN_STREAK
from integrations.hub.jobs import Claimed
from integrations.hub.policy import Extent


def extents_of(held: Sequence[Claimed], errors: Mapping[int, Exception]) -> dict[int, Extent]:
    """Of each job that failed: how far what stopped it reached.

    TOGETHER was forbidden by one answer, EACH one by one but with its whole batch; of fewer each
    may be off limits by itself.
    """
    translate = held[0].job.connection.declaration.error
    causes = {pk: told_cause(error) for pk, error in errors.items()}
    answers = {
        pk: id(error)
        for pk, error in causes.items()
        if isinstance(classified(error, translate), Forbidden)
    }
    sharing = Counter(answers.values())
    rest = Extent.EACH if len(answers) == len(held) >= FORBIDDEN_STREAK else Extent.ONE
    is_shared = {pk for pk, one in answers.items() if sharing[one] >= FORBIDDEN_STREAK}
    return {
        pk: Extent.TOGETHER if pk in is_shared else rest if pk in answers else Extent.ONE
        for pk in errors
    }
