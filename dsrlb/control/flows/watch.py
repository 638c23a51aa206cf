# SPDX-License-Identifier: Apache-2.0
"""What `dsrlb events` tells of the flow tables: how full they are, pressure, what they lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from dsrlb.observe.events import EventLog

KIND = "flows"
_LEVELS = ((95, "error"), (80, "warning"), (50, "info"))
_HYSTERESIS = 5  # points of a hundred
_QUIET_SECONDS = 60.0
_TOP = 3

Counts = Mapping[str, Mapping[str, int]]
"""flow_counters by table and event."""


class UseWatch:
    """Tells when the use of a table crosses 50, 80 or 95 % of its rating, upwards or downwards."""

    def __init__(self, events: EventLog, what: str, rating: int) -> None:
        self._events = events
        self._what = what
        self._rating = rating
        self._crossed = 0

    def note(self, used: int) -> None:
        """``used``: entries in use."""
        percent = 100 * used / self._rating
        reached = next((level for level, _ in _LEVELS if percent >= level), 0)
        kept = next((level for level, _ in _LEVELS if percent > level - _HYSTERESIS), 0)
        says = f"{self._what}: {used:,} of {self._rating:,} ({percent:.0f} %)"
        if reached > self._crossed:
            self._crossed = reached
            self._events.add(KIND, f"{says}, over {reached} %", dict(_LEVELS)[reached])
        elif kept < self._crossed:
            left, self._crossed = self._crossed, kept
            self._events.add(KIND, f"{says}, under {left} % again")


class PressureWatch:
    """Tells when a pending table came to its rating, so that SYNs are not recorded any more, and
    when that is over."""

    def __init__(self, events: EventLog, what: str, most_ticks: int) -> None:
        """``most_ticks``: for so long after its last sign the pressure is not over."""
        self._events = events
        self._what = what
        self._most_ticks = most_ticks
        self._under = False
        self._first = 0

    def note(self, age: int | None, unrecorded: int, pending: Callable[[], str]) -> None:
        """``age``: ticks since the last sign of pressure, None when there was none; ``unrecorded``:
        SYNs so far that were not recorded; ``pending``: who has most pending flows, in words."""
        under = age is not None and age < self._most_ticks
        if under == self._under:
            return
        self._under = under
        if under:
            self._first = unrecorded
            message = (
                f"{self._what} is under pressure: SYNs are scheduled by hash and not recorded "
                f"({unrecorded:,} so far){pending()}"
            )
            self._events.add(KIND, message, "warning")
            return
        meanwhile = unrecorded - self._first
        message = f"{self._what}: the pressure is over; {meanwhile:,} SYNs were not recorded"
        self._events.add(KIND, message)


class GrowthWatch:
    """Tells that more was lost, at most once a minute."""

    def __init__(
        self,
        events: EventLog,
        kind: str,
        lost: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``lost``: how many there were before."""
        self._events = events
        self._kind = kind
        self._told = lost
        self._clock = clock
        self._next = 0.0

    def note(self, lost: int, says: Callable[[int], str]) -> None:
        """``lost``: how many there were until now; ``says``: that there are so many more, in words.
        A count that begins anew is that of something else."""
        self._told = min(self._told, lost)
        if lost == self._told or self._clock() < self._next:
            return
        self._events.add(self._kind, says(lost - self._told), "error")
        self._told = lost
        self._next = self._clock() + _QUIET_SECONDS


def most_pending(pending: Sequence[tuple[str, int]]) -> str:
    """The services with most pending flows, as the end of a sentence."""
    top = sorted((entry for entry in pending if entry[1]), key=lambda entry: -entry[1])[:_TOP]
    return "; most pending: " + ", ".join(f"{name} {n:,}" for name, n in top) if top else ""
