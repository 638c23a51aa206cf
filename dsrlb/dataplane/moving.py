# SPDX-License-Identifier: Apache-2.0
"""Flows move from one pair of flow tables into another, of another size or another release's
layout, while packets go on.

The program in front (ebpf/front.c) is on the interfaces meanwhile. First packets go by the former
tables, and copies of all flows are made in the new ones, again and again, until little changes from
one pass to the next. Then one store has packets go by the new tables, on all interfaces at once,
and a last pass copies what came or went in between; what a packet asks for before that is fetched
by the program in front.
What is copied, and what not again, is copies.py's to say.

User space writes neither table: the program dsrlb_mover does (ebpf/mover.c). It, and the one that
fetches, are compiled for the layout that the former tables have (converting.py).
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable

import numpy as np

from dsrlb.dataplane import bpf, graceperiod
from dsrlb.dataplane.artifact import Artifact, build, part
from dsrlb.dataplane.copies import Family, Moved, Mover
from dsrlb.dataplane.flowtable import FlowAbi, FlowTable, flow_tables
from dsrlb.dataplane.generation import CARRIED, MOVED, ONWARD
from dsrlb.dataplane.linking import Instead, Maps
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import LoadError

_PARTS = ("front", "fetch", "mover")
_SCRATCH = "scratch"
"""The memory in which a packet's programs keep what they know. The mover has its own: a packet may
interrupt it."""
_PASSES = 6
_FEW = 2000
"""Copies in a pass after which another one would not change much less."""


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
                linked: Maps = Instead(maps, {_SCRATCH: own}) if name == "mover" else maps
                self._open.append(load_program(parts[name].programs[f"dsrlb_{name}"], linked))
        except LoadError:
            for fd in self._open:
                os.close(fd)
            raise
        _, self.front_fd, fetch, mover = self._open
        self._mover = Mover(mover, parts["mover"])
        self._put("ONWARD_FETCH", fetch)
        self._put("ONWARD_MOVER", mover)
        self.result = Moved()
        self.window = 0.0
        """Seconds from the beginning of the last pass by which packets went by the former tables to
        the end of the one behind the change."""
        self._families: list[Family] = []

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
        nobody knows, and a key that is there would stay as it is. Nor have they aged as their flows
        have."""
        for family in self._former():
            family.forget()
        for table in flow_tables(self._maps, self._artifact):
            in_use = table.abi.in_use()
            for one in table.parts():
                metas = table.metas(one)
                places = np.flatnonzero(in_use[table.abi.kinds(metas)])
                versions = table.abi.version(metas[places]).astype(np.uint32)
                self._mover.take_back(table.ipv6, table.entries(one, places), versions)

    def _former(self) -> list[Family]:
        if not self._families:
            abi = FlowAbi.of(self._artifact)
            sizes = self._maps.former_sizes(abi.set_flows)
            tables = flow_tables(self._maps, self._artifact)
            for (noted, name), new in zip(CARRIED.items(), tables, strict=True):
                former = self._maps.former(name, sizes.sets)
                table = FlowTable(name == "former6", former, sizes, abi)
                self._families.append(Family(table, new, self._maps[noted].array))
        return self._families

    def copy(self) -> int:
        """A pass: make the copies what the flows of the former tables are now. Returns how many
        had changed, or were new. Raises KernelError."""
        by_copies = self.changed
        return sum(
            one.step(self._mover, self.result, by_copies=by_copies) for one in self._former()
        )

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
        graceperiod.wait()  # for packets that go by the former tables yet
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
