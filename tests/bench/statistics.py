# SPDX-License-Identifier: Apache-2.0
"""From the times of interleaved rounds to a row: net of the cost of varying, and as a ratio.

The machine's speed may change by a factor of two from one second to the next. What is compared is
therefore taken from one round, within milliseconds: in each round the net times and their ratio are
computed, and over all rounds the median is taken. A round in which the speed changed gives a ratio
that is too high or too low, one about as often as the other. The minimum of a program is over all
rounds, net of the minimum of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
"""ns per packet, round by round."""
DIGITS = 2


def between(wall: float, mean: int) -> float:
    """ns per packet out of the two that are known of a test run: the time that the call took by a
    clock, and the kernel's mean, which it cuts down to whole ns.

    The kernel leaves out when other processes had the CPU, the clock does not: it is believed as
    far as the kernel's word allows.
    """
    return min(max(wall, mean), mean + 1)


@dataclass(frozen=True, slots=True)
class Summary:
    """Net ns per packet of the floor program and of the fast path, and their ratio."""

    floor: Times
    net: Times
    floor_min: float
    net_min: float

    @property
    def ratios(self) -> Times:
        """Round by round; of rounds in which the floor program took any time."""
        told = self.floor > 0
        return self.net[told] / self.floor[told]

    @property
    def fields(self) -> dict[str, Any]:
        """As they stand in results.json."""
        low, ratio, high = np.percentile(self.ratios, (25, 50, 75))
        return {
            "rounds": len(self.net),
            "floor_min_ns": _rounded(self.floor_min),
            "floor_median_ns": _rounded(np.median(self.floor)),
            "min_ns": _rounded(self.net_min),
            "median_ns": _rounded(np.median(self.net)),
            "ratio": _rounded(ratio),
            "ratio_low": _rounded(low),
            "ratio_high": _rounded(high),
            "min_ratio": _rounded(self.net_min / max(self.floor_min, 0.1)),
        }


def _rounded(value: float | np.floating[Any]) -> float:
    return round(float(value), DIGITS)


def summary(times: Mapping[str, Times], steps: Sequence[str], *, undone: bool = False) -> Summary:
    """Of rounds of "null", "vary", "floor", and of ``steps``, the programs whose sum is looked for.

    ``undone``: the fast path put headers in front, and taking them off is in its time as well; it
    costs half of what "heads" takes more than "vary".
    """
    vary = times["vary"] - times["null"]
    vary_min = float(times["vary"].min() - times["null"].min())
    heads = (times["heads"] - times["vary"]) / 2 if undone else np.zeros_like(vary)
    heads_min = float(times["heads"].min() - times["vary"].min()) / 2 if undone else 0.0
    return Summary(
        times["floor"] - vary,
        sum((times[step] - vary - heads for step in steps), np.zeros_like(vary)),
        float(times["floor"].min()) - vary_min,
        sum(float(times[step].min()) - vary_min - heads_min for step in steps),
    )


def scaling(one: Summary, two: Summary) -> dict[str, float]:
    """How many times as many packets two CPUs get through as one does, of the fast path and of the
    floor program: medians over the rounds, and of the minima. ``two``: ns per packet of either CPU.
    """
    return {
        "scaling": _rounded(np.median(2 * one.net / two.net)),
        "floor_scaling": _rounded(np.median(2 * one.floor / two.floor)),
        "min_scaling": _rounded(2 * one.net_min / two.net_min),
        "floor_min_scaling": _rounded(2 * one.floor_min / two.floor_min),
    }
