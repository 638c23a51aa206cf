# SPDX-License-Identifier: Apache-2.0
"""The log on standard error, written by a thread: a reader that is slow, the journal or a pipe or a
disk, keeps nobody else waiting."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import TextIO

_FORMAT = "%(levelname)s %(message)s"
_MOST = 50_000
"""Lines that may wait to be written; those beyond are lost, and it is told how many."""


class _Waiting(QueueHandler):
    """Puts lines into line."""

    queue: SimpleQueue[logging.LogRecord]

    def __init__(self, queue: SimpleQueue[logging.LogRecord], most: int) -> None:
        super().__init__(queue)
        self._most = most
        self._lost = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never blocks."""
        if self.queue.qsize() >= self._most:
            self._lost += 1
            return
        if self._lost:
            text = f"{self._lost} lines are missing here: the log could not be written fast enough"
            self._lost = 0
            self.queue.put(logging.LogRecord("dsrlb", logging.WARNING, "", 0, text, None, None))
        self.queue.put(record)


def to_stream(stream: TextIO) -> None:
    """From now on lines are written at once, by who logs."""
    logging.basicConfig(stream=stream, level=logging.INFO, format=_FORMAT)


@contextmanager
def written_aside(most: int = _MOST) -> Iterator[None]:
    """Lines are written by a thread within it, and all are written behind it."""
    root = logging.getLogger()
    direct = root.handlers[:]
    waiting: SimpleQueue[logging.LogRecord] = SimpleQueue()
    listener = QueueListener(waiting, *direct)
    listener.start()
    root.handlers[:] = [_Waiting(waiting, most)]
    try:
        yield
    finally:
        root.handlers[:] = direct
        listener.stop()
