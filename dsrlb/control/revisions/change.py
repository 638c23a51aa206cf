# SPDX-License-Identifier: Apache-2.0
"""A change that is wanted, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass

from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.confirm import boot_id, clock
from dsrlb.control.revisions.store import RUNNING, New, Revision
from dsrlb.printable import printable


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
    def goes_back(self) -> bool:
        """Is it the way back, and for good? That is not refused where it cannot be recorded."""
        return self.to is not None and self.confirm_within is None

    @property
    def back_to(self) -> int | None:
        """The number of the revision that it goes back to."""
        return self.to.number if self.to is not None else None

    @property
    def unfinished(self) -> bool:
        """Was it begun by an earlier daemon?"""
        return self.revision is not None and self.revision.result not in RUNNING

    def way_back(self, running: Revision | None, ends: Revision | None) -> int | None:
        """The revision that a rollback from it goes to; None: there is none. ``ends``: what was
        interrupted, or waits, and is over with it."""
        if ends is None:
            return running.number if running is not None else None
        back = self.to  # what ends is no way back: nobody confirmed it
        if back is not None and back.number == ends.way_back and not self.confirm_within:
            return back.way_back
        return ends.way_back

    def new(self, digest: str, running: Revision | None, ends: Revision | None) -> New:
        """What is known of its revision before it is applied. ``ends``: as for way_back()."""
        within, author = self.confirm_within, self.author
        return New(
            author.uid,
            author.user,
            author.said,
            printable(self.what),
            digest,
            self.way_back(running, ends),
            ends.number if ends is not None else None,
            within,
            clock() + within if within is not None else None,
            boot_id() if within is not None else None,
        )
