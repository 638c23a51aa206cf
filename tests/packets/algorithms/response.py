# SPDX-License-Identifier: Apache-2.0
"""How long a real server takes to answer."""

from __future__ import annotations

from dataclasses import dataclass

STALE = 75
"""Ticks (10 s) after which a measurement counts for nothing, and the next one begins afresh."""
TRY = 8
"""Ticks (1 s) between two flows that are sent for a measurement."""
MOST = (1 << 32) - 1
"""Units of 16 ns."""


@dataclass
class Response:
    """``smoothed``: units of 16 ns, 0: never measured; ``tick``: of the last measurement;
    ``tried``: tick at which a flow was sent for one, 0: never."""

    smoothed: int = 0
    tick: int = 0
    tried: int = 0

    def counts(self, now: int) -> bool:
        """Is there a measurement that still says something?"""
        return self.smoothed > 0 and now - self.tick < STALE

    def is_due(self, now: int) -> bool:
        """Is a flow to be sent there to have it measured?"""
        return not self.counts(now) and (self.tried == 0 or now - self.tried >= TRY)

    def sample(self, ns: int, now: int) -> None:
        """An answer took so long. An eighth of the difference is taken over, at least a unit."""
        units = min(max(ns // 16, 1), MOST)
        if not self.counts(now):
            self.smoothed = units
        elif units > self.smoothed:
            self.smoothed += max((units - self.smoothed) // 8, 1)
        elif units < self.smoothed:
            self.smoothed -= max((self.smoothed - units) // 8, 1)
        self.tick = now
