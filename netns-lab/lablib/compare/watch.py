# SPDX-License-Identifier: Apache-2.0
"""What the balancer says of its real servers while a case runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from lablib.compare.figures import Sample

INTERVAL = 0.25
Rows = dict[str, dict[str, Any]]  # by real server, as `dsrlb reals --json` has them


class Watch(threading.Thread):
    """Asks four times a second."""

    def __init__(self, rows: Callable[[], Rows]) -> None:
        """``rows``: asks the balancer. What is new is what comes from now on."""
        super().__init__(daemon=True)
        self._rows = rows
        self._start = 0.0
        self._stopped = threading.Event()
        self._before = rows()
        self.series: list[Sample] = []
        self.error: Exception | None = None

    def begin(self, start: float) -> None:
        """Ask from now on; ``start``: time.monotonic() of the beginning."""
        self._start = start
        self.start()

    def sample(self) -> Sample:
        """The state of now."""
        at = round(time.monotonic() - self._start, 3)
        rows = self._rows()
        return Sample(
            at=at,
            open={name: row["open"] for name, row in rows.items()},
            pending={name: row["pending"] for name, row in rows.items()},
            new={name: row["new"] - self._before[name]["new"] for name, row in rows.items()},
        )

    def run(self) -> None:
        """Sample until stopped."""
        try:
            while not self._stopped.is_set():
                self.series.append(self.sample())
                wait = len(self.series) * INTERVAL - (time.monotonic() - self._start)
                self._stopped.wait(max(0.0, wait))
        except Exception as error:  # told by stop(), in the thread that waits for the series
            self.error = error

    def stop(self) -> list[Sample]:
        """The series; raises what went wrong."""
        self._stopped.set()
        self.join()
        if self.error is not None:
            raise self.error
        return self.series
