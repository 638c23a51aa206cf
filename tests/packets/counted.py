# SPDX-License-Identifier: Apache-2.0
"""The counters of packets by interface and reason, read after every packet: by one system call."""

from __future__ import annotations

import ctypes
import struct

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf
from dsrlb.dataplane.cpus import possible_cpus


class Counters:
    """counters[] of the interfaces ``first`` to ``last``, and what has grown."""

    def __init__(self, fd: int, reasons: list[str], stride: int, first: int, last: int) -> None:
        """``stride``: elements of an interface, of which the first ones are in use."""
        self._reasons = reasons
        self._stride = stride
        self._first = first
        self._count = (last - first) * stride + len(reasons)
        self._shape = (self._count, possible_cpus())
        self._keys = ctypes.create_string_buffer(4 * self._count)
        self._values = ctypes.create_string_buffer(8 * self._count * self._shape[1])
        # Elements follow the one that is named: the kernel takes it for the last one it gave.
        self._before = ctypes.create_string_buffer(struct.pack("<i", first * stride - 1), 4)
        self._token = ctypes.create_string_buffer(8)
        places = (self._token, self._keys, self._values)
        before = ctypes.addressof(self._before) if first else 0
        addresses = (before, *map(ctypes.addressof, places))
        self._attr = struct.pack("<QQQQIIQQ", *addresses, self._count, fd, 0, 0)
        self._last = self._read()

    def _read(self) -> npt.NDArray[np.uint64]:
        bpf.call(bpf.MAP_LOOKUP_BATCH, self._attr)
        values: npt.NDArray[np.uint64] = np.frombuffer(self._values.raw, np.uint64)
        total: npt.NDArray[np.uint64] = values.reshape(self._shape).sum(axis=1)
        return total

    def skip(self) -> None:
        """What was counted up to now is of no interest."""
        self._last = self._read()

    def grown(self) -> dict[tuple[int, str], int]:
        """How many packets more there are, by interface and reason, than at the last call."""
        now = self._read()
        more = now - self._last
        self._last = now
        found = {}
        for at in np.flatnonzero(more).tolist():
            link, reason = divmod(at, self._stride)
            found[self._first + link, self._reasons[reason]] = int(more[at])
        return found

    def of(self, link: int) -> dict[str, int]:
        """Packets by reason so far, of one interface."""
        self._last = self._read()
        at = (link - self._first) * self._stride
        return dict(zip(self._reasons, self._last[at:].tolist(), strict=False))
