# SPDX-License-Identifier: Apache-2.0
"""Flows move from one pair of flow tables into another, of another size or another release's
layout, while packets go on.

The program in front (ebpf/front.c) is on the interfaces meanwhile. First packets go by the former
tables, and copies of all flows are made in the new ones, again and again, until little changes from
one pass to the next. Then one store has packets go by the new tables, on all interfaces at once,
and a last pass copies what came or went in between; what a packet asks for before that is fetched
by the program in front.

User space writes neither table: the program dsrlb_mover does (ebpf/mover.c). It, and the one that
fetches, are compiled for the layout that the former tables have (converting.py).
"""

from __future__ import annotations

import errno
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, build, part
from dsrlb.dataplane.flowtable import FlowAbi, FlowTable, Places, Words, flow_tables
from dsrlb.dataplane.generation import MOVED, ONWARD
from dsrlb.dataplane.linking import Maps
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import KernelError, LoadError

_PARTS = ("front", "fetch", "mover")
_SCRATCH = "scratch"
_HEAD = 16  # bytes in front of the orders: command, ipv6, count, done
_WORDS = 4  # of an order: a, b, c, d
_TRIES = 1000
_PASSES = 6
_FEW = 2000
"""Copies in a pass after which another one would not change much less."""
_MADE, _RACED, _UNFIT = 0, 3, 4  # enum insert_result
_RACES = 10
_THERE = np.uint64(1 << 63)
_OF_FLOW = np.uint64(0xFFFF000F)  # META_VERSION and META_STATE
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


class _OwnScratch:
    """The maps, but for the memory in which a packet's programs keep what they know: a packet may
    interrupt the mover."""

    def __init__(self, maps: Maps, scratch: int) -> None:
        self._maps = maps
        self._scratch = scratch

    def fd(self, name: str) -> int:
        return self._scratch if name == _SCRATCH else self._maps.fd(name)

    def is_single(self, name: str) -> bool:
        return name != _SCRATCH and self._maps.is_single(name)


class _Mover:
    """The loaded program."""

    def __init__(self, fd: int, artifact: Artifact) -> None:
        self.fd = fd
        self._commands = artifact.enums["move_command"]
        self._batch = artifact.constants["MOVE_ORDERS"]

    def carry(self, ipv6: bool, entries: Places, versions: Numbers) -> Numbers:
        """Copy former entries: rows of (entry, version of the copy, result, the copy's entry)."""
        return self._order("MOVE_CARRY", ipv6, entries, versions)

    def take_back(self, ipv6: bool, entries: Places | Numbers, versions: Numbers) -> None:
        """Free entries of the new tables, if they are still of these versions."""
        self._order("MOVE_BACK", ipv6, entries, versions)

    def _order(
        self, command: str, ipv6: bool, entries: Places | Numbers, versions: Numbers
    ) -> Numbers:
        orders = np.zeros((len(entries), _WORDS), np.uint32)
        orders[:, 0], orders[:, 1] = entries, versions
        head = struct.pack("=III", self._commands[command], ipv6, self._batch)
        size = _WORDS * orders.itemsize
        sent = orders.tobytes()
        answers = []
        for first in range(0, len(sent), self._batch * size):
            some = sent[first : first + self._batch * size]
            if len(some) < self._batch * size:
                head = struct.pack("=III", self._commands[command], ipv6, len(some) // size)
            answers.append(self._sent(head + bytes(4) + some)[_HEAD:])
        return np.frombuffer(b"".join(answers), np.uint32).reshape(-1, _WORDS)

    def _sent(self, request: bytes) -> bytes:
        """As the program left it."""
        for _ in range(_TRIES):
            try:
                return bpf.prog_test_run(self.fd, request, headroom_out=0).frame
            except OSError as error:
                if error.errno not in _AGAIN:
                    raise KernelError(f"cannot move flows: {error.strerror}") from error
        raise KernelError("cannot move flows: interrupted again and again")


class _Family:
    """The former tables of a family, and which of their flows have copies."""

    def __init__(self, table: FlowTable) -> None:
        self.table = table
        entries = table.sizes.sets * table.abi.set_flows
        self._seen = np.zeros(entries, np.uint64)
        self._places = np.zeros(entries, np.uint32)
        self._versions = np.zeros(entries, np.uint16)
        self.entries = 0
        """Of the main table that are in use, halves of pairs each for itself."""

    def _metas(self) -> Words:
        found = [self.table.metas(one) for one in self.table.parts()]
        return np.concatenate(found)

    def _now(self) -> tuple[Words, Words]:
        """What is there: a word for each entry that a copy is made by (a pair's reverse half, or
        what is no half), and 0 for others; and the meta words."""
        abi, metas = self.table.abi, self._metas()
        places = np.flatnonzero(abi.in_use()[abi.kinds(metas)])
        found = metas[places]
        alive = abi.left(found, abi.now()) > 0
        places, found = places[alive], found[alive]
        signs = np.zeros(len(metas), np.uint64)
        signs[places] = found & _OF_FLOW | _THERE
        reverse = places[abi.reverse(found)]
        values = self.table.values(reverse)
        forward = (values & np.uint64(0xFFFFFFFF)).astype(np.int64)
        forward = np.minimum(forward, len(metas) - 1)
        versions = (values >> np.uint64(32)).astype(np.uint16)
        whole = (signs[forward] != 0) & (abi.version(metas[forward]) == versions)
        whole &= ~abi.reverse(metas[forward])
        signs[reverse[~whole]] = 0
        both, named = reverse[whole], forward[whole]
        main = self.table.sizes.main_sets * abi.set_flows
        self.entries = int(np.count_nonzero(signs[:main]))
        signs[both] = (signs[named] & _OF_FLOW) | (signs[both] << np.uint64(16)) | _THERE
        signs[named] = 0
        return signs, metas

    def step(self, mover: _Mover, moved: Moved) -> int:
        """Make the copies what the flows are now; returns how many flows had changed."""
        abi, ipv6 = self.table.abi, self.table.ipv6
        signs, metas = self._now()
        changed = np.flatnonzero(signs != self._seen)
        old = changed[self._seen[changed] != 0]
        mover.take_back(ipv6, self._places[old], self._versions[old].astype(np.uint32))
        moved.taken_back += len(old)
        self._seen[old] = 0
        new = changed[signs[changed] != 0]
        for _ in range(_RACES):
            if not len(new):
                break
            answer = mover.carry(ipv6, new, abi.version(metas[new]))
            made = answer[:, 2] == _MADE
            self._seen[new] = signs[new]
            self._places[new[made]] = answer[made, 3]
            self._versions[new[made]] = answer[made, 1]
            moved.copied += int(made.sum())
            moved.unfit += int((answer[:, 2] == _UNFIT).sum())
            new = new[answer[:, 2] == _RACED]
        return len(changed)


def _layout(artifact: Artifact, maps: MapSet) -> dict[str, str]:
    """What the parts that move flows have to be compiled with, of the former tables' layout."""
    if not maps.converted:
        return {}
    from dsrlb.dataplane import converting

    flows = artifact.constants["SET_FLOWS"]
    return {converting.FILE: converting.text(maps.converted, artifact.maps, flows)}


class Moving:
    """How flows move, from the start of the new tables to the end of the former ones."""

    def __init__(self, artifact: Artifact, maps: MapSet, first_fd: int) -> None:
        """Load what is needed. Raises CompileError, LoadError or KernelError."""
        from dsrlb.dataplane.loader import load_program

        self._maps = maps
        self._first_fd = first_fd
        self._artifact = artifact
        self._begun = maps.begun
        instead = _layout(artifact, maps)
        parts = {name: build(part(name), instead=instead) for name in _PARTS}
        maps.add(parts["front"])
        self._onward = parts["front"].enums["onward"]
        self._open: list[int] = []
        scratch = artifact.maps[_SCRATCH]
        own = bpf.map_create(
            scratch.kind, scratch.key_size, scratch.value_size, 1, scratch.flags, _SCRATCH
        )
        self._open.append(own)
        try:
            for name in _PARTS:
                linked: Maps = _OwnScratch(maps, own) if name == "mover" else maps
                self._open.append(load_program(parts[name].programs[f"dsrlb_{name}"], linked))
        except LoadError:
            for fd in self._open:
                os.close(fd)
            raise
        _, self.front_fd, fetch, mover = self._open
        self._mover = _Mover(mover, parts["mover"])
        self._put("ONWARD_FETCH", fetch)
        self._put("ONWARD_MOVER", mover)
        self.result = Moved()
        self.window = 0.0
        """Seconds from the beginning of the last pass by which packets went by the former tables to
        the end of the one behind the change."""
        self._families: list[_Family] = []

    def _put(self, place: str, fd: int) -> None:
        try:
            key = struct.pack("=I", self._onward[place])
            bpf.map_update(self._maps.fd(ONWARD), key, struct.pack("=I", fd))
        except OSError as error:
            raise LoadError(f"cannot put a program into {ONWARD}: {error.strerror}") from error

    @property
    def changed(self) -> bool:
        """Do packets go by the new tables?"""
        return bool(self._maps[MOVED].array[0])

    def ready(self, former: int | None, *, known: bool) -> None:
        """Before the program in front is attached, with all stages loaded. ``former``: the program
        that is on interfaces now, or None. ``known``: one in front is, and goes on to it already.
        Where there is neither, packets go by the new tables at once."""
        if self._begun and not self.changed:
            self._forget_copies()
        self._begun = False
        self._put("ONWARD_FIRST", self._first_fd)
        if known:
            return
        if former is not None:
            self._put("ONWARD_FORMER", former)
        elif not self.changed:
            self._maps[MOVED].array[0] = 1

    def _forget_copies(self) -> None:
        """Of a daemon that was killed before packets went by them: what their flows are by now,
        nobody knows, and a key that is there would stay as it is."""
        for table in flow_tables(self._maps, self._artifact):
            in_use = table.abi.in_use()
            for one in table.parts():
                metas = table.metas(one)
                places = np.flatnonzero(in_use[table.abi.kinds(metas)])
                versions = table.abi.version(metas[places]).astype(np.uint32)
                self._mover.take_back(table.ipv6, table.entries(one, places), versions)

    def _begin(self) -> None:
        abi = FlowAbi.of(self._artifact)
        sizes = self._maps.former_sizes(abi.set_flows)
        self._families = [
            _Family(FlowTable(ipv6, self._maps.former(name, sizes.sets), sizes, abi))
            for ipv6, name in ((False, "former4"), (True, "former6"))
        ]

    def copy(self) -> int:
        """A pass: make the copies what the flows of the former tables are now. Returns how many
        had changed, or were new. Raises KernelError."""
        if not self._families:
            self._begin()
        return sum(one.step(self._mover, self.result) for one in self._families)

    def change(self, clock: Callable[[], float] = time.monotonic) -> None:
        """The program in front is on all interfaces: copy, and have packets go by the new tables.

        Raises KernelError."""
        began = clock()
        if not self.changed:
            for _ in range(_PASSES):
                began = clock()
                if self.copy() <= _FEW:
                    break
            self._maps[MOVED].array[0] = 1
        self.copy()
        self.window = clock() - began
        rated = self._maps.capacity
        self.result.crowded = sum(max(one.entries - rated, 0) for one in self._families)

    def close(self) -> int:
        """Close all programs but the first one; returns its descriptor."""
        for fd in self._open:
            os.close(fd)
        self._open.clear()
        return self._first_fd
