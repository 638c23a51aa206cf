# SPDX-License-Identifier: Apache-2.0
"""A change that is wanted, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass

from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.confirm import boot_id, clock
from dsrlb.control.revisions.store import New, Revision
from dsrlb.printable import printable


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is wanted, beside its configuration.

    ``confirm_within``: seconds. ``to``: the revision that it goes back to. ``ends_waiting``: it may
    come before another one is confirmed. ``revision``: it is in the log already (a start goes on
    with it). ``unrecorded``: the log cannot be had, and what ran goes on.
    """

    author: Author
    what: str
    adopt_vip: bool = False
    confirm_within: int | None = None
    to: Revision | None = None
    ends_waiting: bool = False
    revision: Revision | None = None
    unrecorded: bool = False

    @property
    def goes_back(self) -> bool:
        """Is it the way back, and for good? That is not refused where it cannot be recorded."""
        return self.to is not None and self.confirm_within is None

    def new(self, digest: str, running: Revision | None, ends: Revision | None) -> New:
        """What is known of its revision before it is applied. ``ends``: what was interrupted, or
        waits, and is over with it."""
        way_back = running.number if running is not None else None
        within = self.confirm_within
        if ends is not None:  # and it is no way back: nobody confirmed it
            way_back = ends.way_back
            if self.to is not None and self.to.number == way_back and not within:
                way_back = self.to.way_back
        author = self.author
        return New(
            author.uid,
            author.user,
            author.said,
            printable(self.what),
            digest,
            way_back,
            ends.number if ends is not None else None,
            within,
            clock() + within if within is not None else None,
            boot_id() if within is not None else None,
        )
