# SPDX-License-Identifier: Apache-2.0
"""A log that nobody reads for a while."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from dsrlb.observe import logs
from tests.waiting import wait_until

LINE = "x" * 1000
LINES = 1000
"""More than a pipe has room for: who waited for who reads only behind them would wait for ever."""


@contextmanager
def piped() -> Iterator[int]:
    """The root logger's lines go into a pipe alone; yields the end that is read."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    reads, writes = os.pipe()
    root.handlers[:] = []
    try:
        with os.fdopen(writes, "w") as stream:
            logs.to_stream(stream)
            yield reads
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
        os.close(reads)


def read_all(descriptor: int, until: str, found: list[str]) -> None:
    """Add the lines up to the one that ends so."""
    with os.fdopen(os.dup(descriptor)) as stream:
        for line in stream:
            found.append(line.strip())
            if found[-1].endswith(until):
                break


def test_who_logs_does_not_wait_for_who_reads() -> None:
    with piped() as reads:
        found: list[str] = []
        reader = Thread(target=read_all, args=(reads, "the last", found))
        with logs.written_aside():
            for number in range(LINES):
                logging.getLogger("dsrlb").info("%s %d", LINE, number)
            reader.start()
        logging.getLogger("dsrlb").warning("the last")
        reader.join(10)
        assert found == [f"INFO {LINE} {number}" for number in range(LINES)] + ["WARNING the last"]


def test_lines_that_do_not_fit_are_counted() -> None:
    with piped() as reads:
        found: list[str] = []
        reader = Thread(target=read_all, args=(reads, "the last", found))
        with logs.written_aside(most=200):
            for number in range(LINES):
                logging.getLogger("dsrlb").info("%s %d", LINE, number)
            reader.start()
            wait_until("some room is there", lambda: len(found) >= 100)
            logging.getLogger("dsrlb").info("more")
        logging.getLogger("dsrlb").warning("the last")
        reader.join(10)
    kept = [line for line in found if line.startswith("INFO x")]
    missing = [line.split() for line in found if "lines are missing here" in line]
    assert sum(int(words[1]) for words in missing) == LINES - len(kept) > 0
    assert found[-2:] == ["INFO more", "WARNING the last"]
