# SPDX-License-Identifier: Apache-2.0
"""Whether loads[] is right, and by how much not.

The program counts flows per real server at every change of one, so it is right but for what a
change of the configuration leaves: a real that is removed takes its flows out of the count at one
stroke, and its place keeps their number. A scan tells; but flows change while it runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_SCANS = 2
_SCANS_IN_DOUBT = 8


@dataclass(frozen=True, slots=True)
class Sight:
    """One kind of flows by real server (index in reals[]) as a scan found it.

    ``before`` and ``after``: loads[] at the scan's beginning and end. ``doubt``: how many flows
    changed meanwhile. ``present``: whether the index is a real server's; one that is not has no
    flows, hence no doubt either.
    """

    counted: Numbers
    before: Numbers
    after: Numbers
    doubt: int
    present: npt.NDArray[np.bool_]

    def excess(self) -> Numbers:
        """By how much the count is over (or, negative, under) all that loads[] was meanwhile."""
        over = self.counted - np.maximum(self.before, self.after)
        under = self.counted - np.minimum(self.before, self.after)
        return np.maximum(over, 0) + np.minimum(under, 0)


class Reconciler:
    """Decides from scan to scan what is to be added to one of the counts.

    Two scans in a row have to agree on the direction; the smaller difference is believed. Where a
    difference is no more than what changed meanwhile it may be chance, and eight have to.
    """

    def __init__(self, reals: int) -> None:
        self._agreed = np.zeros(reals, np.int64)
        self._scans = np.zeros(reals, np.int64)

    @property
    def agreed(self) -> bool:
        """Did the last scan find everything as it is counted?"""
        return not self._agreed.any()

    def corrections(self, sight: Sight) -> Numbers:
        """What to add, by index; mostly 0."""
        excess = sight.excess()
        goes_on = np.sign(excess) == np.sign(self._agreed)
        smaller = np.where(np.abs(excess) < np.abs(self._agreed), excess, self._agreed)
        self._agreed = np.where(goes_on, smaller, excess)
        self._scans = np.where(goes_on, self._scans + 1, 1)
        certain = ~sight.present | (np.abs(self._agreed) > sight.doubt)
        due = self._scans >= np.where(certain, _SCANS, _SCANS_IN_DOUBT)
        corrections = np.where(due, self._agreed, 0)
        self._agreed[corrections != 0] = 0
        return corrections
