# SPDX-License-Identifier: Apache-2.0
"""Programs that are compiled and verified in threads: both are done without Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor


class Loading:
    """Loads programs by name; ``load`` returns a descriptor or raises a DsrlbError."""

    def __init__(self, load: Callable[[str], int]) -> None:
        self._load = load
        self._begun: dict[str, Future[int]] = {}

    def begin(self, names: Iterable[str]) -> None:
        """Load these one after the other while the caller goes on; finish() or close() follows.

        Not where there is but one processor: the caller would only have less of it.
        """
        if len(os.sched_getaffinity(0)) > 1:
            pool = ThreadPoolExecutor(1)
            self._begun = {name: pool.submit(self._load, name) for name in names}
            pool.shutdown(wait=False)

    def finish(self, names: Iterable[str]) -> dict[str, int]:
        """The descriptors of these programs; on all processors, what begin() did not come to.

        Raises the first DsrlbError; no descriptor is left open then.
        """
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            loading = {name: self._taken(name) or pool.submit(self._load, name) for name in names}
        failures = [work.exception() for work in loading.values()]
        if any(failures):
            _discard(loading.values())
            raise next(failure for failure in failures if failure is not None)
        return {name: work.result() for name, work in loading.items()}

    def _taken(self, name: str) -> Future[int] | None:
        """What begin() has begun with; it loads no other program any more."""
        work = self._begun.pop(name, None)
        return None if work is None or work.cancel() else work

    def close(self) -> None:
        """Wait for what is under way, and close it."""
        begun = [self._taken(name) for name in tuple(self._begun)]
        _discard(work for work in begun if work is not None)


def _discard(works: Iterable[Future[int]]) -> None:
    for work in works:
        if work.exception() is None:
            os.close(work.result())
