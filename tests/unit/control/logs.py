# SPDX-License-Identifier: Apache-2.0
"""A log of revisions in a temporary place, as a daemon has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.log import RevisionLog
from dsrlb.control.revisions.store import Revision
from dsrlb.control.state import State
from dsrlb.observe.events import EventLog
from dsrlb.paths import Paths, for_instance

ROOT = Author(0, "root")
ALICE = Author(1000, "alice")


class Logs:
    """Opens the log of instance main again and again, as daemons that follow one another do."""

    def __init__(self) -> None:
        self.paths: Paths = for_instance("main")
        self.paths.state.mkdir(parents=True)
        self.state = State(self.paths)
        self.open: RevisionLog = self.again()

    def again(self) -> RevisionLog:
        """A new daemon's log."""
        self.open = RevisionLog(self.paths, self.state, EventLog())
        return self.open

    def begin(self, text: str, before: str | None = None, **change: Any) -> Revision:
        """What was recorded before anything was touched."""
        ran = (before, f"digest of {before}") if before is not None else None
        wanted = Change(change.pop("author", ROOT), change.pop("what", "apply f"), **change)
        found = self.open.begin(wanted, text, f"digest of {text}", ran)
        assert found is not None
        return found

    def apply(self, text: str, before: str | None = None, **change: Any) -> int:
        """A change that came through; returns its number."""
        revision = self.begin(text, before, **change)
        self.open.applied(revision, text)
        return revision.number

    def results(self) -> list[str]:
        """Oldest first."""
        return [row.result for row in self.open.latest(None)][::-1]

    def told(self) -> list[str]:
        """The messages of the events."""
        return [event.message for event in self.open.events.since(0)]

    def damage(self, spoil: Callable[[bytes], bytes]) -> None:
        """Between two daemons."""
        self.open.close()
        path = self.paths.revisions
        path.write_bytes(spoil(path.read_bytes()))
