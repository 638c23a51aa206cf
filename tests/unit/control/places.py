# SPDX-License-Identifier: Apache-2.0
"""Time for the quarantine of places."""

from __future__ import annotations


class Clock:
    """Time that goes by when somebody waits."""

    now = 0.0
    slept = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds
        self.slept += seconds
