"""Decides what becomes of each row of a chunk; the rehearsal and the real run both ask it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from imports.choices import DuplicateStrategy, ProblemKind
from imports.companies import Companies
from imports.formats import Row
from imports.mapping import Incoming, Problem, RowMapper
from imports.matching import SCORES, WORDS, Store
from imports.merging import record_changes
from imports.people import Match, People
from imports.working import Shelf, Working


class Action(StrEnum):
    """What becomes of a row; the words are the names of the job's counts, whose sum is all rows.

    A row that says more of a person whom an earlier row of the file wrote is folded into that one.
    """

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FOLDED = "folded"
    SKIPPED = "skipped"
    AMBIGUOUS = "ambiguous"
    FAILED = "failed"


TAKEN: Final = frozenset({Action.CREATED, Action.UPDATED, Action.FOLDED, Action.UNCHANGED})
REPEATED: Final = "repeated"


class Decided(NamedTuple):
    """One row's fate; `diff` is `{field: [old, new]}` for a row that updates."""

    row: int
    action: Action
    ref: int = 0
    diff: dict[str, list[Any]] | None = None


@dataclass(slots=True)
class Decisions:
    """All of a chunk: what to write, what to count, what to tell."""

    contacts: Shelf
    accounts: Shelf
    decided: list[Decided]
    problems: list[Problem]

    @property
    def counts(self) -> Counter[str]:
        return Counter(one.action.value for one in self.decided)


@dataclass(frozen=True)
class Policy:
    """How the person wants known people to be treated, and whose new records are."""

    strategy: DuplicateStrategy
    auto_score: int
    owner_id: int | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What a new record has unless the row says otherwise."""
        return {} if self.owner_id is None else {"owner_id": self.owner_id}


class Engine:
    """Decides chunk after chunk; holds nothing between them."""

    def __init__(self, store: Store, mapper: RowMapper, policy: Policy) -> None:
        self._store = store
        self._mapper = mapper
        self._policy = policy

    def mapped(self, rows: Iterable[Row]) -> list[Incoming]:
        """The rows' meaning; asks the database nothing, so any thread may do it."""
        return [self._mapper.map(row) for row in rows]

    def decide(
        self, incoming: Sequence[Incoming], *, repeated: Collection[int] = frozenset()
    ) -> Decisions:
        """Nothing is written; the same rows and records give the same decisions.

        `repeated` are rows known to name a person whom a row of an earlier chunk wrote.
        """
        good = [row for row in incoming if row.error is None]
        companies = Companies(self._store, self._policy.strategy, given=self._policy.given)
        people = People(self._store)
        companies.preload(good)
        if self._policy.strategy is not DuplicateStrategy.CREATE_NEW:
            people.preload([(row, companies.peek(row)) for row in good])
        chunk = _Chunk(self._policy, companies, people, repeated)
        for row in incoming:
            chunk.take(row)
        return Decisions(people.shelf, companies.shelf, chunk.decided, chunk.problems)


class _Chunk:
    """Goes through the rows of one chunk in order, so that each sees the ones before it."""

    def __init__(
        self,
        policy: Policy,
        companies: Companies,
        people: People,
        repeated: Collection[int],
    ) -> None:
        self._repeated = repeated
        self._policy = policy
        self._companies = companies
        self._people = people
        self.decided: list[Decided] = []
        self.problems: list[Problem] = []

    def take(self, row: Incoming) -> None:
        if row.error is not None:
            self.decided.append(Decided(row.number, Action.FAILED))
            self.problems.append(row.error)
            return
        decided = self._decide(row)
        self.decided.append(decided)
        if decided.action in TAKEN:
            self.problems.extend(row.notices)

    def _decide(self, row: Incoming) -> Decided:
        if self._policy.strategy is DuplicateStrategy.CREATE_NEW:
            return self._create(row)
        match = self._people.match(row, self._companies.peek(row))
        if match is None:
            return self._create(row)
        if len(match.records) > 1 or SCORES[match.key] < self._policy.auto_score:
            self.problems.append(_in_doubt(row, match))
            return Decided(row.number, Action.AMBIGUOUS)
        return self._merge(row, match.records[0])

    def _create(self, row: Incoming) -> Decided:
        values = {**self._policy.given, **self._values(row)}
        record = self._people.shelf.make(-row.number, values, row.number)
        self._people.remember(record)
        return Decided(row.number, Action.CREATED, record.ref)

    def _merge(self, row: Incoming, record: Working) -> Decided:
        is_skipped = self._policy.strategy is DuplicateStrategy.SKIP
        if record.row:
            self.problems.append(_same_in_file(row, record.row, is_skipped=is_skipped))
        if is_skipped:
            return Decided(row.number, Action.SKIPPED, record.ref)
        is_folded = bool(record.row) or row.number in self._repeated
        values = self._values(row)
        changes = record_changes(record.values, values, strategy=self._policy.strategy)
        if not changes:
            action = Action.FOLDED if is_folded else Action.UNCHANGED
            return Decided(row.number, action, record.ref)
        diff = {name: [record.values.get(name), value] for name, value in changes.items()}
        self._people.shelf.touch(record, changes, row.number)
        self._people.remember(record)
        action = Action.FOLDED if is_folded else Action.UPDATED
        return Decided(row.number, action, record.ref, diff)

    def _values(self, row: Incoming) -> dict[str, Any]:
        account = self._companies.settle(row)
        return row.contact if account is None else {**row.contact, "account_id": account}


def _in_doubt(row: Incoming, match: Match) -> Problem:
    names = " or ".join(_name(record) for record in match.records[:3])
    if len(match.records) > 1:
        said = f"{len(match.records)} contacts have the {WORDS[match.key]}: {names}."
        cause = "several_matches"
    else:
        said, cause = f"Possibly {names}: {WORDS[match.key]}.", "possible_duplicate"
    return Problem(
        ProblemKind.AMBIGUOUS, row.number, row.line, "", cause, said[:300], row.cells,
        max(0, match.records[0].ref),
    )  # fmt: skip


def _same_in_file(row: Incoming, earlier: int, *, is_skipped: bool) -> Problem:
    if is_skipped:
        cause, said = "repeated_skipped", f"The same person as row {earlier}; skipped as you chose."
    else:
        cause, said = REPEATED, f"Repeated in the file: folded into row {earlier}."
    return Problem(ProblemKind.NOTICE, row.number, row.line, "", cause, said, row.cells)


def _name(record: Working) -> str:
    values = record.values
    full = f"{values.get('first_name') or ''} {values.get('last_name') or ''}".strip()
    name = full or values.get("email") or values.get("phone") or "a contact without name"
    return f"{name} (row {record.row} of this file)" if record.ref < 0 else str(name)
