# SPDX-License-Identifier: Apache-2.0
"""What was read for the first step of a change, for the second one: to read thousands of services
takes seconds."""

from __future__ import annotations

import time
from threading import Lock

from dsrlb.config import Config
from dsrlb.config.source import Origin

KEPT_SECONDS = 60.0


class Kept:
    """One configuration, for a minute. Put and taken between changes."""

    def __init__(self) -> None:
        self._key: object = None
        self._found: tuple[Config, Origin] | None = None
        self._until = 0.0
        self._lock = Lock()

    def put(self, key: object, found: tuple[Config, Origin]) -> None:
        """Keep it, in the place of another one, unless other files are a part of it, which may
        become others. ``key``: what it was read from."""
        if found[1].includes:
            return
        with self._lock:
            self._key, self._found, self._until = key, found, time.monotonic() + KEPT_SECONDS

    def take(self, key: object) -> tuple[Config, Origin] | None:
        """What was read from that, once; None: it is not here."""
        with self._lock:
            if self._found is None or self._key != key:
                return None
            found, self._key, self._found = self._found, None, None
            return found

    def forget(self) -> bool:
        """Forget what nobody came for; False: there is time left."""
        with self._lock:
            over = time.monotonic() >= self._until
            if over:
                self._key = self._found = None
            return over
