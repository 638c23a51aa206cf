# SPDX-License-Identifier: Apache-2.0
"""What is so, and could not be recorded yet. It is in memory alone, and lost with the process."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from dsrlb.control.revisions.store import New, Outcome, Revision, Store


@dataclass(frozen=True, slots=True)
class _Return:
    """A way back without a revision of its own: ``revision``, which is there, runs again.
    ``left``: what a start would begin with."""

    new: New
    text: str
    revision: Revision
    left: int


class Debts:
    """Results of revisions, and the last way back."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self._begun: _Return | None = None
        self._taken: _Return | None = None

    def __bool__(self) -> bool:
        return bool(self.outcomes) or self._taken is not None

    @property
    def told(self) -> str:
        """Of a way back; empty: it is recorded."""
        if self._taken is None:
            return ""
        number, left = self._taken.revision.number, self._taken.left
        return (
            f"the return to revision {number} is in force and not recorded yet: a start before "
            f"that begins with revision {left}"
        )

    def begin(self, new: New, text: str, to: Revision, left: Revision) -> Revision:
        """A way back that cannot be recorded is begun; returns what stands for its revision."""
        number, earlier = left.number, self._taken
        if earlier is not None:  # which is not recorded itself
            new = dataclasses.replace(new, ends=new.ends or earlier.new.ends)
            number = earlier.left
        revision = dataclasses.replace(
            to, result="applied", reason="", way_back=new.way_back, ends=None, confirm_within=None
        )
        self._begun = _Return(new, text, revision, number)
        return revision

    def taken(self, revision: Revision | None) -> bool:
        """It runs: is that such a way back?"""
        begun, self._begun = self._begun, None
        if begun is None or revision is not begun.revision:
            return False
        self._taken = begun
        return True

    def as_known(self, revision: Revision) -> Revision:
        """With a result that could not be written yet."""
        for outcome in self.outcomes:
            if outcome.number == revision.number:
                revision = dataclasses.replace(
                    revision, result=outcome.result, reason=outcome.reason
                )
        if self._taken is not None and revision.number == self._taken.new.ends:
            reason = f"by the return to revision {self._taken.revision.number}"
            revision = dataclasses.replace(revision, result="reverted", reason=reason)
        return revision

    def pay(self, store: Store) -> Revision | None:
        """Write it; returns the revision that the way back became. Raises StateError."""
        if self._taken is None:
            if self.outcomes:
                store.record(self.outcomes)
                self.outcomes.clear()
            return None
        revision = store.add(self._taken.new, self._taken.text, "applied", self.outcomes)
        self.outcomes.clear()
        self._taken = None
        return revision

    def paid(self) -> None:
        """Results were written with something else."""
        self.outcomes.clear()
