# SPDX-License-Identifier: Apache-2.0
"""Events: what happened, when, to what. Kept in memory and written to the log."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from dsrlb.printable import printable

_KEPT = 1000
_log = logging.getLogger("dsrlb")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``id`` grows by one from the daemon's start."""

    id: int
    time: str  # ISO 8601, UTC
    level: str  # "info" | "warning" | "error"
    kind: str  # e.g. "real", "interface", "apply"
    message: str


def now_text() -> str:
    """The present time as events and rows show it: ISO 8601, UTC, seconds."""
    return text_of(datetime.now(UTC))


def text_of(moment: datetime) -> str:
    """A time as events and rows show it."""
    return moment.isoformat(timespec="seconds")


class EventLog:
    """The last 1,000 events."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._next = 1
        self._lock = Lock()  # added to from threads, read from the event loop

    def add(self, kind: str, message: str, level: str = "info") -> None:
        """Keep an event and write it to the log (standard error; the journal under systemd), in one
        line, whatever is named in it."""
        message = printable(message)
        with self._lock:
            self._events.append(Event(self._next, now_text(), level, kind, message))
            self._next += 1
        _log.log(logging.getLevelNamesMapping()[level.upper()], "%s: %s", kind, message)

    def since(self, number: int) -> list[Event]:
        """Events with an id greater than ``number``, oldest first."""
        with self._lock:
            return [event for event in self._events if event.id > number]
