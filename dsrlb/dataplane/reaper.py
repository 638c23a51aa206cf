# SPDX-License-Identifier: Apache-2.0
"""Changes to the flow tables, made by the program dsrlb_reaper (ebpf/reaper.h).

User space cannot compare and swap on map memory, so it only reads the tables and has the kernel do
the rest: a struct reap_request is the "packet" of a BPF_PROG_TEST_RUN. Every method sends as many
requests as it takes, and returns how many orders were carried out: an entry that has changed hands
since it was looked at (its version says so) is left alone.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, Program
from dsrlb.dataplane.linking import Instead, Maps
from dsrlb.errors import KernelError, LoadError

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.unsignedinteger] | npt.NDArray[np.signedinteger]

_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_HEAD = 4  # words in front of the orders: command, ipv6 (and at), count, done
_DONE = 3
_WORDS = 4  # of an order: a, b, c, d
_AGAIN = "again"
_TRY_AGAIN = frozenset({errno.EINTR, errno.EAGAIN})
_TRIES = 1000


def load(program: Program, maps: Maps) -> list[int]:
    """The program, and the map by which it goes on with its next orders: descriptors. Raises
    LoadError or KernelError."""
    from dsrlb.dataplane.loader import load_program

    try:
        again = bpf.map_create(bpf.MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0, _AGAIN)
    except OSError as error:
        raise KernelError(f"cannot create map {_AGAIN}: {error.strerror}") from error
    found = [again]
    try:
        found.insert(0, load_program(program, Instead(maps, {_AGAIN: again})))
        bpf.map_update(again, bytes(4), struct.pack("=I", found[0]))
    except (LoadError, OSError) as error:
        for fd in found:
            os.close(fd)
        if isinstance(error, LoadError):
            raise
        raise LoadError(f"cannot put a program into {_AGAIN}: {error.strerror}") from error
    return found


class Reaper:
    """The program, loaded when there is something to do: until a flow expires it costs nothing.
    Usable from any thread. Methods raise LoadError or KernelError.

    ``load`` returns descriptors that are to stay open: the program's, and of what it uses.
    """

    def __init__(self, load: Callable[[], Sequence[int]], artifact: Artifact) -> None:
        self._load = load
        self._lock = Lock()
        self._open: Sequence[int] = ()
        self._commands = artifact.enums["reap_command"]
        self._batch = artifact.constants["REAP_ORDERS"]

    def close(self) -> None:
        """Give the program back."""
        for fd in self._open:
            os.close(fd)

    def _loaded(self) -> int:
        with self._lock:
            self._open = self._open or self._load()
            return self._open[0]

    def expire(self, ipv6: bool, entries: Numbers, versions: Numbers) -> int:
        """Remove those of the entries that have expired by now, or are halves of no flow."""
        return self._order("REAP_EXPIRED", ipv6, entries, versions)

    def drop(self, ipv6: bool, entries: Numbers, versions: Numbers) -> int:
        """Remove the entries."""
        return self._order("REAP_DROP", ipv6, entries, versions)

    def adjust(self, reals: Numbers, opened: Numbers, pending: Numbers) -> int:
        """Add to the counts of open and of pending flows of reals (by index; may be negative)."""
        unused = np.zeros(len(reals), np.uint32)
        return self._order("REAP_ADJUST", False, reals, unused, opened, pending)

    def mark(self, ipv6: bool, sets: Numbers, bitmap: int) -> int:
        """Set the bits of sets in a spill bitmap (0 or 1) of a family."""
        return self._order("REAP_MARK", ipv6, sets, np.full(len(sets), bitmap, np.uint32))

    def unmark(self, ipv6: bool, words: Numbers, bitmap: int) -> int:
        """Make words (of 64 sets each) of a spill bitmap 0."""
        return self._order("REAP_UNMARK", ipv6, words, np.full(len(words), bitmap, np.uint32))

    def trace(self, ipv6: bool, words: Numbers, bitmap: int, bits: Words) -> int:
        """Set bits in words of a trace bitmap (0 or 1) of a family."""
        low, high = (bits & _LOW).astype(np.uint32), (bits >> _HALF).astype(np.uint32)
        bitmaps = np.full(len(words), bitmap, np.uint32)
        return self._order("REAP_TRACE", ipv6, words, bitmaps, low, high)

    def untrace(self, ipv6: bool, words: Numbers, bitmap: int) -> int:
        """Make words of a trace bitmap 0."""
        return self._order("REAP_UNTRACE", ipv6, words, np.full(len(words), bitmap, np.uint32))

    def free_hops(self, places: Numbers, ticks: Numbers) -> int:
        """Free places in last_hops[], unless one was taken again since the tick that it had."""
        return self._order("REAP_HOP", False, places, ticks)

    def _order(self, command: str, ipv6: bool, *columns: Numbers) -> int:
        number = self._commands[command]
        return sum(self._run(number, ipv6, orders) for orders in _orders(self._batch, columns))

    def _run(self, command: int, ipv6: bool, orders: npt.NDArray[np.uint32]) -> int:
        head = np.array([command, ipv6, len(orders), 0], np.uint32)
        answer = self._sent(head.tobytes() + orders.tobytes())
        return int(np.frombuffer(answer, np.uint32, _HEAD)[_DONE])

    def _sent(self, request: bytes) -> bytes:
        """The request as the program left it. A test run gives up when a signal arrives."""
        program = self._loaded()
        for _ in range(_TRIES):
            try:
                return bpf.prog_test_run(program, request, headroom_out=0).frame
            except OSError as error:
                if error.errno not in _TRY_AGAIN:
                    raise KernelError(f"cannot change flows: {error.strerror}") from error
        raise KernelError("cannot change flows: interrupted again and again")


def _orders(most: int, columns: tuple[Numbers, ...]) -> Iterator[npt.NDArray[np.uint32]]:
    """The columns as struct reap_order, ``most`` at a time; negative ones as two's complement."""
    for first in range(0, len(columns[0]), most):
        parts = [column[first : first + most] for column in columns]
        orders = np.zeros((len(parts[0]), _WORDS), np.uint32)
        for at, part in enumerate(parts):
            orders[:, at] = part.astype(np.int64) & 0xFFFFFFFF
        yield orders
