# SPDX-License-Identifier: Apache-2.0
"""Which revision runs, and the order of writes: `pending`, then the maps, then `applied`.

What runs is known here also while the database cannot be written; what it could not be told is told
when there is room. Without a database changes are refused, and what runs goes on. The way back is
never refused for that: room is kept for its record, and where that is gone as well it goes without.
"""

from __future__ import annotations

import dataclasses

from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.database import Database
from dsrlb.control.revisions.debts import Debts
from dsrlb.control.revisions.store import (
    RUNNING,
    Corrupt,
    New,
    Newer,
    Outcome,
    Revision,
    Store,
)
from dsrlb.control.state import State
from dsrlb.errors import DsrlbError, Overtaken, StateError, UnknownRevision
from dsrlb.observe.events import EventLog
from dsrlb.paths import Paths
from dsrlb.printable import printable

KIND = "revision"


class RevisionLog:
    """The revisions of an instance, as its one daemon (or who has its lock) sees them."""

    def __init__(self, paths: Paths, state: State, events: EventLog) -> None:
        """Open the database, or make one. A damaged one is renamed, and a new one begun.

        Raises StateError for one of a newer version. When it cannot be opened otherwise that is
        an event, and ``trouble``.
        """
        self._state = state
        self.events = events
        self._database = Database(
            paths, state.reserve, lambda message: events.add(KIND, message, "error")
        )
        self._debts = Debts()
        self._unsaved: str | None = None
        self._save_trouble = ""
        self._unsure = False  # is ``running`` what runs? Not when the store was opened late
        self.running: Revision | None = None
        self.interrupted: Revision | None = None
        """What was begun and not finished when an earlier daemon ended."""
        self.trouble = ""
        """Why nothing could be recorded the last time."""
        try:
            self._open()
        except Newer:
            raise
        except StateError as error:
            self._unsure = True
            self._in_trouble(error)

    def _open(self) -> Store:
        store = self._database.open()
        self.running = store.running()
        self.interrupted = store.pending()
        if self._database.trouble is not None:
            self._in_trouble(self._database.trouble)
        else:
            self.trouble = ""
        return store

    @property
    def lost(self) -> str:
        """What became of an earlier history."""
        return self._database.lost

    def told(self) -> None:
        """Who started has told of that."""
        self._database.told()

    def close(self) -> None:
        """For who ends without being the end of the process."""
        self._database.close()

    def _in_trouble(self, error: StateError) -> None:
        if error.message != self.trouble:
            self.events.add(KIND, f"changes cannot be recorded: {error.message}", "error")
        self.trouble = error.message

    def _usable(self) -> Store:
        """The store; it is tried anew when it could not be opened. Raises StateError."""
        try:
            return self._database.store or self._open()
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
        return self._debts.as_known(found)

    def latest(self, limit: int | None) -> list[Revision]:
        """The newest revisions, newest first. Raises StateError."""
        return [self._debts.as_known(found) for found in self._usable().latest(limit)]

    def span(self) -> tuple[int, int] | None:
        """Numbers of the oldest revision that one can go back to, and of the latest, which may be
        recorded later; None: nobody knows."""
        try:
            first, last = self._usable().span()
        except StateError:
            return None
        return first, last + bool(self._debts.told)

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
            lost = f": {self.lost}" if self.lost else ""
            raise StateError(f"there is no earlier configuration{lost}", hint="dsrlb history")
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

        def work() -> Revision | None:
            return self._begin(change, text, digest, before)

        try:
            return self._database.in_kept_room(work) if change.goes_back else work()
        except StateError as error:
            self._in_trouble(error)
            left = self.interrupted or self.running
            if change.to is None or left is None or not change.goes_back:
                raise _refused(error) from error
            return self._debts.begin(self._new(change, digest), text, change.to, left)

    def _begin(
        self, change: Change, text: str, digest: str, before: tuple[str, str] | None
    ) -> Revision | None:
        store = self._writable()
        self._pay(store)
        self._adopt(store, change.author, before)
        if before is not None and before[0] == text and change.to is None:
            return self.running
        if not change.goes_back:
            self._state.reserve.hold()
        revision = store.add(self._new(change, digest), text)
        self._database.note(revision.number)
        self.trouble = ""
        self.interrupted = None
        return revision

    def _writable(self) -> Store:
        """The store, fit to record something. Raises StateError."""
        lost = self.lost
        store = self._database.writable(self._database.store or self._open())
        if self.lost != lost:
            self.running, self.interrupted = store.running(), store.pending()
            self._unsure = True
        return store

    def _pay(self, store: Store) -> None:
        """Write what is owed. Raises StateError."""
        recorded = self._debts.pay(store)
        if recorded is not None:
            self.running = recorded
            self._database.note(recorded.number)
            self.events.add(KIND, f"recorded now: {recorded.what}, revision {recorded.number}")

    def _adopt(self, store: Store, author: Author, before: tuple[str, str] | None) -> None:
        """What runs as a revision, when it is of an earlier version, or of a time in which nothing
        could be recorded."""
        if before is None or (self.running is not None and not self._unsure):
            return
        text, digest = before
        known = store.get(self.running.number) if self.running is not None else None
        if known is None or store.text(known.number) != text:
            way_back = known.number if known is not None else None
            what = self._state.saved_path.name + (f"; {self.lost}" if self.lost else "")
            new = New(author.uid, author.user, "", what, digest, way_back)
            self.running = store.add(new, text, "applied")
        self._unsure = False

    def _ended(self, change: Change) -> Revision | None:
        """Whose waiting for confirmation ends with a change."""
        return (self.interrupted or self.waiting) if change.ends_waiting else None

    def way_back(self, change: Change) -> int | None:
        """The revision that a rollback from a change would go to; None: there is none."""
        return change.way_back(self.running, self._ended(change))

    def _new(self, change: Change, digest: str) -> New:
        return change.new(digest, self.running, self._ended(change))

    def applied(self, revision: Revision | None, text: str) -> None:
        """It runs. Unless it has to be confirmed yet ``text`` is the last good configuration, and
        is kept as such. What cannot be written now is an event, and is written when it can be."""
        if revision is not None:
            result = "applied" if revision.confirm_within is None else "waiting"
            if revision.result not in RUNNING:
                revision = dataclasses.replace(revision, result=result, reason="")
                self._record(Outcome(revision.number, result))
            self.running = revision
        if self._debts.taken(revision):
            self.events.add(KIND, f"{self._debts.told}; {self.trouble}", "error")
        self.interrupted = None
        if self.waiting is None:
            self._unsaved = text
        self._save()

    def failed(self, revision: Revision | None, error: BaseException) -> None:
        """It was refused, or broke off, and what ran before runs."""
        if revision is None or revision.result in RUNNING:
            return
        from dsrlb.config.secrets import told

        reason = told(error) if isinstance(error, DsrlbError) else repr(error)
        self._record(Outcome(revision.number, "failed", printable(reason)))

    def confirm(self, author: Author) -> Revision:
        """Keep what waits. Raises StateError: nothing waits, or it cannot be written."""
        waiting = self.waiting
        if waiting is None:
            raise StateError("nothing waits for confirmation", hint="dsrlb history")
        reason = f"confirmed by {author}"
        outcomes = [*self._debts.outcomes, Outcome(waiting.number, "applied", reason)]
        try:
            text = self._usable().text(waiting.number)
            self._database.in_kept_room(lambda: self._writable().record(outcomes))
        except StateError as error:
            self._in_trouble(error)
            raise
        self._unsaved = text
        self._debts.paid()
        self.running = dataclasses.replace(waiting, result="applied", reason=reason)
        self.events.add(KIND, f"revision {waiting.number} {reason}")
        self._save()
        return self.running

    def _record(self, outcome: Outcome) -> None:
        """Write a result, with those that could not be written before."""
        self._debts.outcomes.append(outcome)
        if self._database.store is None:
            return
        try:
            self._pay(self._writable())
        except StateError as error:
            self._in_trouble(error)
        else:
            self.trouble = ""

    @property
    def behind(self) -> bool:
        """Is there something for catch_up()?"""
        owed = bool(self._debts or self.trouble) or self._unsaved is not None
        return owed or self._database.moved or not self._state.reserve.held

    def catch_up(self) -> None:
        """Write what is owed, and keep room for the way back, if that can be done by now."""
        if self._database.store is None:
            return  # what ran meanwhile is recorded with the next change
        try:
            self._pay(self._writable())
            self._state.reserve.hold()
        except StateError as error:
            self._in_trouble(error)
        else:
            self.trouble = ""
        self._save()

    @property
    def owing(self) -> str:
        """That the last way back is not recorded; empty: it is."""
        return self._debts.told

    def _save(self) -> None:
        """The last good configuration as a file."""
        if self._unsaved is None:
            return
        try:
            if not self._state.has_saved(self._unsaved):
                self._state.save_config(self._unsaved)
        except StateError as error:
            told = f"the last good configuration: {error.message}"
            if told != self._save_trouble:
                self.events.add(KIND, told, "error")
            self._save_trouble = told
        else:
            self._unsaved = None
            self._save_trouble = ""


def _refused(error: StateError) -> StateError:
    see_to = "start the daemon again" if isinstance(error, Corrupt) else "see to the disk"
    hint = error.hint or f"nothing was changed, and traffic goes on; {see_to}, then try again"
    return StateError(f"the change cannot be recorded: {error.message}", hint)
