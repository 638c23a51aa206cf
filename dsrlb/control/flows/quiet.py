# SPDX-License-Identifier: Apache-2.0
"""Whether the flow tables are as the last scan left them, so that another one would tell nothing.

A scan of large tables takes 0.1 s. On an idle host it is left out: no packet came that may touch an
entry, none was removed, and the first one to expire has not.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from dsrlb.dataplane.artifact import Artifact
from dsrlb.dataplane.maps import MapSet

MOST_SECONDS = 60.0
"""A scan is held for certain for this long."""
_ALOOF = frozenset(
    {
        "pass",
        "other-host",
        "vip-conflict",
        "answered-arp",
        "answered-nd",
        "answered-echo",
        "probe-answer",
        "probe-returned",
    }
)
"""Reasons of packets that are done with before flows are looked up, or that no flow was found for
and none is made."""
_PROBES = 0
"""The number of the interface that probes come in by (ebpf/probe.c), which are of no flow."""

Activity = tuple[int, int]
"""Packets that may have touched an entry, and changes of entries."""


class Quiet:
    """Remembers what a scan was made at."""

    def __init__(
        self, maps: MapSet, artifact: Artifact, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._counters = maps["counters"]
        self._touching = np.ones(artifact.constants["MAX_REASONS"], np.bool_)
        for number, reason in enumerate(artifact.reasons):
            self._touching[number] = reason.name not in _ALOOF
        self._clock = clock
        self._seen: Activity | None = None
        self._until = 0.0

    def activity(self, changes: int) -> Activity:
        """As of now; to be asked for before a scan. ``changes``: of entries, so far."""
        counted = self._counters.sum_over_cpus().reshape(-1, len(self._touching))
        return int(counted[_PROBES + 1 :, self._touching].sum()), changes

    def note(self, activity: Activity, began: float, seconds: float) -> None:
        """A scan that ``began`` then found that nothing expires within so many seconds of that."""
        self._seen, self._until = activity, began + min(seconds, MOST_SECONDS)

    def holds(self, activity: Activity) -> bool:
        """Is what the last scan found still so?"""
        return activity == self._seen and self._clock() < self._until
