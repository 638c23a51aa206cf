# SPDX-License-Identifier: Apache-2.0
"""Copies of the flows of former tables in the new ones (moving.py): which are made, which follow
their flows, and which are taken back.

What was copied is noted by the programs that copy, in maps that outlive the daemon (carried4,
carried6; ebpf/carry.h). A flow that is noted is copied once, even if its copy has ended since.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact
from dsrlb.dataplane.flowtable import FlowTable, Mask, Places, Words
from dsrlb.errors import KernelError

_HEAD = 16  # bytes in front of the orders: command, ipv6, count, done
_WORDS = 4  # of an order: a, b, c, d
_TRIES = 1000
_MADE, _EXISTS, _RACED, _UNFIT = 0, 1, 3, 4  # enum insert_result
_RACES = 10
_MUCH_TICKS = 64
"""A flow that packets come by is touched more often; to have all copies follow that would take
longer than it helps."""
_CARRIED, _REVERSE = np.uint64(1 << 63), np.uint64(0x80)  # see carried_flow() in ebpf/carry.h
_STATE, _VERSION = np.uint64(0xF), np.uint64(0xFFFF0000)
_ANSWERED = np.uint64(1 << 63)  # in a reverse half's value: PAIR_ANSWERED
_VERSIONS = np.uint64(1 << 63 | 0x80 | 0xFFFF << 32 | 0xFFFF << 16)
_AGAIN = frozenset({errno.EINTR, errno.EAGAIN})

Numbers = npt.NDArray[np.uint32]


@dataclass(slots=True)
class Moved:
    """What has become of flows (a pair is one), and of copies."""

    copied: int = 0
    taken_back: int = 0
    crowded: int = 0
    """More than the new tables are rated for: where there is no room, some give way to others."""
    unfit: int = 0
    """Whose keys say more than the new layout has room for: they do not go on."""


class Mover:
    """The loaded program."""

    def __init__(self, fd: int, artifact: Artifact) -> None:
        self.fd = fd
        self._commands = artifact.enums["move_command"]
        self._batch = artifact.constants["MOVE_ORDERS"]

    def carry(self, ipv6: bool, entries: Places, versions: Numbers) -> Numbers:
        """Copy former entries; returns the result of each."""
        orders = self._orders(entries, versions)
        return self._order("MOVE_CARRY", ipv6, orders)

    def follow(self, ipv6: bool, entries: Places, versions: Numbers, *, by_copies: bool) -> Numbers:
        """Have copies become what former entries are by now; ``by_copies``: packets have changed
        them, too. Returns the result of each."""
        orders = self._orders(entries, versions)
        orders[:, 2] = by_copies
        return self._order("MOVE_FOLLOW", ipv6, orders)

    def take_back(
        self, ipv6: bool, entries: Places, versions: Numbers, former: Places | None = None
    ) -> Numbers:
        """Free entries of the new tables, if they are still of these versions; ``former``: those
        that they are noted to be the copies of. Returns the result of each."""
        orders = self._orders(entries, versions)
        if former is not None:
            orders[:, 2], orders[:, 3] = True, former
        return self._order("MOVE_BACK", ipv6, orders)

    @staticmethod
    def _orders(entries: Places, versions: Numbers) -> Numbers:
        orders = np.zeros((len(entries), _WORDS), np.uint32)
        orders[:, 0], orders[:, 1] = entries, versions
        return orders

    def _order(self, command: str, ipv6: bool, orders: Numbers) -> Numbers:
        head = struct.pack("=III", self._commands[command], ipv6, self._batch)
        size = _WORDS * orders.itemsize
        sent = orders.tobytes()
        answers = []
        for first in range(0, len(sent), self._batch * size):
            some = sent[first : first + self._batch * size]
            if len(some) < self._batch * size:
                head = struct.pack("=III", self._commands[command], ipv6, len(some) // size)
            answers.append(self._sent(head + bytes(4) + some)[_HEAD:])
        rows: Numbers = np.frombuffer(b"".join(answers), np.uint32).reshape(-1, _WORDS)
        return rows[:, 2]

    def _sent(self, request: bytes) -> bytes:
        """As the program left it."""
        for _ in range(_TRIES):
            try:
                return bpf.prog_test_run(self.fd, request, headroom_out=0).frame
            except OSError as error:
                if error.errno not in _AGAIN:
                    raise KernelError(f"cannot move flows: {error.strerror}") from error
        raise KernelError("cannot move flows: interrupted again and again")


class Family:
    """The former tables of a family, and what is noted of their flows: ``carried``, which another
    daemon may have begun."""

    def __init__(self, table: FlowTable, new: FlowTable, carried: npt.NDArray[Any]) -> None:
        self.table = table
        self._new = new
        self._flow: Words = carried["flow"]
        self._copy: Words = carried["copy"]
        self.entries = 0
        """Of the main table that are in use, halves of pairs each for itself."""

    def forget(self) -> None:
        """As if nothing had been copied."""
        self._flow[:] = 0
        self._copy[:] = 0

    def _metas(self) -> Words:
        found = [self.table.metas(one) for one in self.table.parts()]
        return np.concatenate(found)

    def _now(self) -> tuple[Words, Mask, Words]:
        """What is there: the word by which a flow is noted for each entry that a copy is made by (a
        pair's reverse half, or what is no half), and 0 for others; whether it has not expired; and
        the meta words."""
        abi, metas = self.table.abi, self._metas()
        places = np.flatnonzero(abi.in_use()[abi.kinds(metas)])
        found = metas[places]
        alive = np.zeros(len(metas), np.bool_)
        alive[places] = abi.left(found, abi.now()) > 0
        signs = np.zeros(len(metas), np.uint64)
        signs[places] = found & (_STATE | _VERSION) | _CARRIED
        reverse = places[abi.reverse(found)]
        values = self.table.values(reverse)
        forward = (values & np.uint64(0xFFFFFFFF)).astype(np.int64)
        forward = np.minimum(forward, len(metas) - 1)
        versions = (values >> np.uint64(32)).astype(np.uint16)
        whole = (signs[forward] != 0) & (abi.version(metas[forward]) == versions)
        whole &= ~abi.reverse(metas[forward])
        signs[reverse[~whole]] = 0
        both, named = reverse[whole], forward[whole]
        alive[both] &= alive[named]
        main = self.table.sizes.main_sets * abi.set_flows
        self.entries = int(np.count_nonzero((signs[:main] != 0) & alive[:main]))
        halves, shift = metas[both], np.uint64(16)
        signs[both] = signs[named] | _REVERSE | (halves & _VERSION) << shift
        signs[both] |= (halves & _STATE) << np.uint64(48)
        signs[both] |= (values[whole] & _ANSWERED) >> np.uint64(1)
        signs[named] = 0
        return signs, alive, metas

    def step(self, mover: Mover, moved: Moved, *, by_copies: bool) -> int:
        """Make the copies what the flows are now; returns how many flows had changed.
        ``by_copies``: packets go by them already, so that a flow whose copy has gone has ended, and
        what was noted to be no copy's stays that."""
        abi, ipv6 = self.table.abi, self.table.ipv6
        signs, alive, metas = self._now()
        flows, copies = self._flow.copy(), self._copy.copy()  # packets may change them meanwhile
        which = np.flatnonzero(signs != flows)
        which = which[(signs[which] != 0) & alive[which] | (copies[which] != 0)]
        same = (signs[which] ^ flows[which]) & _VERSIONS == 0
        further, others = which[same], which[~same]
        followed = further[copies[further] != 0]
        followed = np.concatenate((followed, self._outlived(signs, flows, copies, metas)))
        gone = self._follow(followed, metas, mover, by_copies=by_copies)
        self._take_back(others, copies, mover, moved)
        if not by_copies:
            never = further[copies[further] == 0]
            others = np.concatenate((others, gone, never))
        new = others[(signs[others] != 0) & alive[others]]
        for _ in range(_RACES):
            if not len(new):
                break
            results = mover.carry(ipv6, new, abi.version(metas[new]))
            moved.copied += int((results == _MADE).sum())
            moved.unfit += int((results == _UNFIT).sum())
            new = new[results == _RACED]
        return len(which)

    def _outlived(self, signs: Words, flows: Words, copies: Words, metas: Words) -> Places:
        """Where a flow is in the state that it was copied in, and expires much later by now than
        its copy: packets have kept it fresh since. Of pairs it is the forward half that does."""
        which = np.flatnonzero((signs == flows) & (copies != 0))
        forward = which.copy()
        pairs = np.flatnonzero(self.table.abi.reverse(metas[which]))
        values = self.table.values(which[pairs])
        forward[pairs] = (values & np.uint64(0xFFFFFFFF)).astype(np.int64)
        found = self._new.metas_of((copies[which] & np.uint64(0xFFFFFFFF)).astype(np.int64))
        abi = self.table.abi
        later = (abi.expires(metas[forward]) - abi.expires(found)).view(np.int32)
        outlived: Places = which[later > _MUCH_TICKS]
        return outlived

    def _follow(self, which: Places, metas: Words, mover: Mover, *, by_copies: bool) -> Places:
        """Have copies follow what their flows have done; returns whose copies have gone."""
        gone: list[Places] = []
        for _ in range(_RACES):
            if not len(which):
                break
            versions = self.table.abi.version(metas[which])
            results = mover.follow(self.table.ipv6, which, versions, by_copies=by_copies)
            gone.append(which[results == _EXISTS])
            which = which[results == _RACED]
        return np.concatenate(gone) if gone else which

    def _take_back(self, which: Places, noted: Words, mover: Mover, moved: Moved) -> None:
        """The copies of what was there before."""
        old = which[noted[which] != 0]
        copies = noted[old]
        entries = (copies & np.uint64(0xFFFFFFFF)).astype(np.int64)
        versions = (copies >> np.uint64(32)).astype(np.uint16).astype(np.uint32)
        mover.take_back(self.table.ipv6, entries, versions, old)
        moved.taken_back += len(old)
