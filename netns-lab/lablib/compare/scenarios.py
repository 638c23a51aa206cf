# SPDX-License-Identifier: Apache-2.0
"""What algorithms are compared under: how much load, and what befalls which real server."""

from __future__ import annotations

from dataclasses import dataclass

from lablib.compare.cases import Case

SLOW_FACTOR = 40.0  # how much longer the workers of a slow real server take
SLOW_PART = (1 / 3, 2 / 3)  # when, of the time in which connections begin
DISTANCE = 0.04  # seconds that all takes longer which a far real server sends


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run, in seconds since its beginning."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to compare."""

    name: str
    title: str
    rate: float  # connections per second
    part: float  # how long connections begin, of what the user asked for
    slow: str | None = None  # the real server that becomes slow for a while
    far: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None  # algorithms; None: all

    def cases(self, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        """Those of the cases that it is for."""
        if self.only is None:
            return cases
        return tuple(case for case in cases if case.algorithm in self.only and not case.equal)

    def phases(self, seconds: float) -> tuple[Phase, ...]:
        """Before, while and after the slow real server is slow; none where there is no such one."""
        if self.slow is None:
            return ()
        first, last = (part * seconds for part in SLOW_PART)
        return (
            Phase("before", 0.0, first),
            Phase("slow", first, last),
            Phase("after", last, seconds),
        )


BUSY = Scenario("busy", "Busy real servers, one of which becomes slow", 140.0, 1.0, slow="r2")
FAR = Scenario(
    "far",
    "Near and far real servers, with little to do",
    40.0,
    0.6,
    far=("r1", "r4", "r6"),
    only=(
        "weighted-round-robin",
        "weighted-least-connection",
        "fastest-response-time",
        "adaptive",
    ),
)
SCENARIOS = (BUSY, FAR)
