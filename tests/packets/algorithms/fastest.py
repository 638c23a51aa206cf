# SPDX-License-Identifier: Apache-2.0
"""fastest-response-time: whoever answers soonest, and a look at the others now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.packets.algorithms.candidate import NewFlow, R, Turn, members
from tests.packets.algorithms.least import in_turn, pass_on


@dataclass
class FastestResponseTime:
    """First those that are due to be measured, if flows measure (``shows``) and not probes; then
    those within a tenth of the fastest, in turn; while nobody has been measured, all in turn."""

    shows: bool

    def choose(self, reals: Sequence[R], turn: Turn, flow: NewFlow) -> R | None:
        """Who gets the flow, or None."""
        there = members(reals)
        with_room = []
        for real in in_turn(there, turn):
            if not real.has_room():
                continue
            if self.shows and real.response.is_due(flow.tick):
                real.response.tried = flow.tick
                return pass_on(there, real, turn)
            with_room.append(real)
        if not with_room:
            return None
        measured = [real for real in with_room if real.response.counts(flow.tick)]
        if not measured:
            return pass_on(there, with_room[0], turn)
        least = min(real.response.smoothed for real in measured)
        near = [real for real in measured if real.response.smoothed <= least + least // 10]
        return pass_on(there, near[0], turn)
