# SPDX-License-Identifier: Apache-2.0
"""Which revision runs, and the order of writes: `pending`, then the maps, then `applied`.

What runs is known here also while the database cannot be written; what it could not be told is told
with the next write. Without a database changes are refused, and what runs goes on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.confirm import boot_id, clock
from dsrlb.control.revisions.store import (
    RUNNING,
    Corrupt,
    New,
    Newer,
    Outcome,
    Revision,
    Store,
    set_aside,
)
from dsrlb.control.state import State
from dsrlb.errors import DsrlbError, Overtaken, StateError, UnknownRevision
from dsrlb.observe.events import EventLog
from dsrlb.paths import Paths

KIND = "revision"


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is wanted, beside its configuration.

    ``confirm_within``: seconds. ``to``: the revision that it goes back to. ``ends_waiting``: it may
    come before another one is confirmed. ``expected``: the number of the revision that has to run
    still. ``revision``: it is in the log already (a start goes on with it). ``unrecorded``: the log
    cannot be had, and what ran goes on.
    """

    author: Author
    what: str
    adopt_vip: bool = False
    confirm_within: int | None = None
    to: Revision | None = None
    ends_waiting: bool = False
    expected: int | None = None
    revision: Revision | None = None
    unrecorded: bool = False

    @property
    def back_to(self) -> int | None:
        """The number of the revision that it goes back to."""
        return self.to.number if self.to is not None else None

    @property
    def unfinished(self) -> bool:
        """Was it begun by an earlier daemon?"""
        return self.revision is not None and self.revision.result not in RUNNING


class RevisionLog:
    """The revisions of an instance, as its one daemon (or who has its lock) sees them."""

    def __init__(self, paths: Paths, state: State, events: EventLog) -> None:
        """Open the database, or make one. A damaged one is renamed, and a new one begun.

        Raises StateError for one of a newer version. When it cannot be opened otherwise that is
        an event, and ``trouble``.
        """
        self._path = paths.revisions
        self._state = state
        self.events = events
        self._store: Store | None = None
        self._owed: list[Outcome] = []
        self._unsaved: str | None = None
        self._unsure = False  # is ``running`` what runs? Not when the store was opened late
        self.running: Revision | None = None
        self.interrupted: Revision | None = None
        """What was begun and not finished when an earlier daemon ended."""
        self.trouble = ""
        """Why nothing could be recorded the last time."""
        self.lost = ""
        """What became of an earlier history."""
        try:
            self._open()
        except Newer:
            raise
        except StateError as error:
            self._unsure = True
            self._in_trouble(error)

    def _open(self) -> Store:
        try:
            self._store = self._readable(Store(self._path))
        except Corrupt as error:
            aside = set_aside(self._path)
            self.lost = f"the history was lost: {error.message}; what is left is {aside}"
            self.events.add(KIND, self.lost, "error")
            self._store = Store(self._path)
        self.running = self._store.running()
        self.interrupted = self._store.pending()
        self.trouble = ""
        return self._store

    def _readable(self, store: Store) -> Store:
        """The store, with what a start needs of it. Raises Corrupt."""
        try:
            for found in (store.running(), store.pending()):
                if found is not None:
                    store.text(found.number)
        except Corrupt:
            store.close()
            raise
        return store

    def close(self) -> None:
        """For who ends without being the end of the process."""
        if self._store is not None:
            self._store.close()

    def _in_trouble(self, error: StateError) -> None:
        if error.message != self.trouble:
            self.events.add(KIND, f"changes cannot be recorded: {error.message}", "error")
        self.trouble = error.message

    def _usable(self) -> Store:
        """The store; it is tried anew when it could not be opened. Raises StateError."""
        try:
            return self._store or self._open()
        except StateError as error:
            self._in_trouble(error)
            raise _refused(error) from error

    @property
    def waiting(self) -> Revision | None:
        """What runs, when it has to be confirmed yet."""
        running = self.running
        return running if running is not None and running.result == "waiting" else None

    def text(self, number: int) -> str:
        """The configuration of a revision. Raises StateError."""
        return self._usable().text(number)

    def get(self, number: int) -> Revision:
        """A revision by its number; raises UnknownRevision."""
        found = self._usable().get(number)
        if found is None:
            raise UnknownRevision(f"there is no revision {number}", hint="dsrlb history")
        return self._as_known(found)

    def latest(self, limit: int | None) -> list[Revision]:
        """The newest revisions, newest first. Raises StateError."""
        return [self._as_known(found) for found in self._usable().latest(limit)]

    def oldest(self) -> int:
        """The number of the oldest revision that one can go back to; 0 where nobody knows."""
        try:
            return self._usable().oldest()
        except StateError:
            return 0

    def _as_known(self, revision: Revision) -> Revision:
        """With a result that could not be written yet."""
        for outcome in self._owed:
            if outcome.number == revision.number:
                revision = dataclasses.replace(
                    revision, result=outcome.result, reason=outcome.reason
                )
        return revision

    def target(self, number: int | None) -> Revision:
        """The revision that a rollback goes to; None: the way back of what runs, and from what was
        interrupted to what ran before.

        Raises UnknownRevision, and StateError when there is nothing to go back to.
        """
        self._usable()
        from_here = self.interrupted or self.running
        if number is None:
            number = from_here.way_back if from_here is not None else None
        if number is None:
            raise StateError("there is no earlier configuration", hint="dsrlb history")
        if from_here is not None and number == from_here.number:
            raise StateError(f"revision {number} is what runs", hint="dsrlb history")
        return self.get(number)

    @property
    def number(self) -> int | None:
        """Of what runs, where it is a revision."""
        return self.running.number if self.running is not None else None

    def refuse_untimely(self, change: Change) -> None:
        """Only a rollback may come before the confirmation. Raises StateError; Overtaken when what
        runs is not what was expected."""
        if change.expected not in (None, self.number):
            raise Overtaken(
                f"revision {self.number} runs by now, not {change.expected} any more",
                hint="nothing was changed; `dsrlb history` tells what came between",
            )
        if self.waiting is not None and not change.ends_waiting:
            raise StateError(
                f"revision {self.waiting.number} waits for confirmation",
                hint="`dsrlb confirm` keeps it, `dsrlb rollback` goes back; then change more",
            )

    def begin(
        self, change: Change, text: str, digest: str, before: tuple[str, str] | None
    ) -> Revision | None:
        """Record, before anything is touched, what is about to be applied.

        ``before``: text and digest of what ran until now; it becomes a revision if it is none yet.
        None: it is not to be recorded. Raises StateError; the change is refused then.
        """
        if change.unrecorded or change.revision is not None:
            return change.revision
        store = self._usable()
        try:
            self._adopt(store, change.author, before)
            if before is not None and before[0] == text and change.to is None:
                return self.running
            new = self._new(change, digest)
            revision = store.add(new, text, before=self._owed)
        except StateError as error:
            self._in_trouble(error)
            raise _refused(error) from error
        self._owed.clear()
        self.trouble = ""
        self.interrupted = None
        return revision

    def _adopt(self, store: Store, author: Author, before: tuple[str, str] | None) -> None:
        """What runs as a revision, when it is of an earlier version, or of a time in which nothing
        could be recorded."""
        if before is None or (self.running is not None and not self._unsure):
            return
        text, digest = before
        if self.running is None or store.text(self.running.number) != text:
            way_back = self.running.number if self.running is not None else None
            what = self._state.saved_path.name + (f"; {self.lost}" if self.lost else "")
            new = New(author.uid, author.user, "", what, digest, way_back)
            self.running = store.add(new, text, "applied", self._owed)
        self._unsure = False

    def _ended(self, change: Change) -> Revision | None:
        """Whose waiting for confirmation ends with a change."""
        return (self.interrupted or self.waiting) if change.ends_waiting else None

    def way_back(self, change: Change) -> int | None:
        """The revision that a rollback from a change would go to; None: there is none."""
        ends = self._ended(change)
        if ends is None:
            return self.number
        back = change.to  # what ends is no way back: nobody confirmed it
        if back is not None and back.number == ends.way_back and not change.confirm_within:
            return back.way_back
        return ends.way_back

    def _new(self, change: Change, digest: str) -> New:
        ends, within, author = self._ended(change), change.confirm_within, change.author
        return New(
            author.uid,
            author.user,
            author.said,
            change.what,
            digest,
            self.way_back(change),
            ends.number if ends is not None else None,
            within,
            clock() + within if within is not None else None,
            boot_id() if within is not None else None,
        )

    def applied(self, revision: Revision | None, text: str) -> None:
        """It runs. Unless it has to be confirmed yet ``text`` is the last good configuration, and
        is kept as such. What cannot be written now is an event, and is written with the next
        change."""
        if revision is not None:
            result = "applied" if revision.confirm_within is None else "waiting"
            if revision.result not in RUNNING:
                revision = dataclasses.replace(revision, result=result, reason="")
                self._record(Outcome(revision.number, result))
            self.running = revision
        self.interrupted = None
        if self.waiting is None:
            self._unsaved = text
        self._save()

    def failed(self, revision: Revision | None, error: BaseException) -> None:
        """It was refused, or broke off, and what ran before runs."""
        if revision is None or revision.result in RUNNING:
            return
        reason = error.message if isinstance(error, DsrlbError) else repr(error)
        self._record(Outcome(revision.number, "failed", reason))

    def confirm(self, author: Author) -> Revision:
        """Keep what waits. Raises StateError: nothing waits, or it cannot be written."""
        waiting = self.waiting
        if waiting is None:
            raise StateError("nothing waits for confirmation", hint="dsrlb history")
        reason = f"confirmed by {author}"
        outcomes = [*self._owed, Outcome(waiting.number, "applied", reason)]
        try:
            store = self._usable()
            self._unsaved = store.text(waiting.number)
            store.record(outcomes)
        except StateError as error:
            self._in_trouble(error)
            raise
        self._owed.clear()
        self.running = dataclasses.replace(waiting, result="applied", reason=reason)
        self.events.add(KIND, f"revision {waiting.number} {reason}")
        self._save()
        return self.running

    def _record(self, outcome: Outcome) -> None:
        """Write a result, with those that could not be written before."""
        self._owed.append(outcome)
        if self._store is None:
            return
        try:
            self._store.record(self._owed)
        except StateError as error:
            self._in_trouble(error)
        else:
            self._owed.clear()
            self.trouble = ""

    def _save(self) -> None:
        """The last good configuration as a file."""
        if self._unsaved is None:
            return
        try:
            if self._state.saved_config() != self._unsaved:
                self._state.save_config(self._unsaved)
        except StateError as error:
            self.events.add(KIND, f"the last good configuration: {error.message}", "error")
        else:
            self._unsaved = None


def _refused(error: StateError) -> StateError:
    see_to = "start the daemon again" if isinstance(error, Corrupt) else "see to the disk"
    hint = error.hint or f"nothing was changed, and traffic goes on; {see_to}, then try again"
    return StateError(f"the change cannot be recorded: {error.message}", hint)
