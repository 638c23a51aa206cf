# SPDX-License-Identifier: Apache-2.0
"""Two programs with flow tables of different sizes, and the clients whose flows move from the one's
into the other's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dsrlb.control.maps import installed
from dsrlb.control.maps.apply import Applier
from dsrlb.dataplane import bpffs, generation
from dsrlb.dataplane.flowtable import flow_tables
from dsrlb.dataplane.maps import unpin_all
from dsrlb.dataplane.moving import Moving
from tests.packets.cases.paired_services import CONFIG, FAR, RESOLUTIONS
from tests.packets.harness import Program
from tests.packets.pair_steps import ACK, DATA, SYN, SYN_ACK, TCP, UDP, Connection, Place
from tests.packets.tables import REVERSE, Entry

STICKY = """
[[group]]
name = "all"
[[group.real]]
address = ["10.0.0.11", "fd00::11"]
[[group.real]]
address = ["10.0.0.12", "fd00::12"]
[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "l2dsr"
group = "all"
persistence = "1h"
"""
TEXT = (CONFIG + STICKY).replace("protocol =", 'pending_timeout = "10m"\nprotocol =')
"""A program that is loaded may take as long as handshakes are remembered else."""
FEW, MANY = 2_000, 50_000


@contextmanager
def program(capacity: int, pins: Path) -> Iterator[Program]:
    made = Program(capacity, pins)
    try:
        yield made
    finally:
        made.close()


def folder_of(former: Program) -> Path:
    """Where its pins are."""
    assert former.maps.folder is not None
    return former.maps.folder


class Formers:
    """Programs out of whose tables flows move, loaded once, empty whenever they are taken: to
    verify one takes longer than most tests of it."""

    def __init__(self) -> None:
        self._made: dict[int, Program] = {}

    def take(self, capacity: int) -> Program:
        """With pins in a folder of its own, where there are no other tables yet."""
        found = self._made.get(capacity)
        if found is None:
            folder = bpffs.ensure() / f"dsrlb-test-{os.getpid()}-{capacity}"
            found = self._made[capacity] = Program(capacity, folder)
        generation.forget(folder_of(found))
        found.applier = Applier(found.maps, installed.read(found.maps))
        found.reset()
        return found

    def close(self) -> None:
        """Give everything back."""
        for one in self._made.values():
            one.close()
            unpin_all(folder_of(one))


@contextmanager
def both(before: int, after: int, formers: Formers) -> Iterator[tuple[Program, Program]]:
    """A program with flow tables, and one whose tables flows are to move into: what packets meet
    is the program in front, as it goes on to the first one."""
    former = formers.take(before)
    with program(after, folder_of(former)) as new:
        for one in (new, former):
            one.link(FAR)
        former.configure(TEXT, RESOLUTIONS)
        moving(new).ready(former.dataplane.program_fd, known=False)
        yield former, new


def moving(new: Program) -> Moving:
    found = new.dataplane.moving
    assert found is not None
    return found


class Clients:
    """Connections of every mode and family: open ones, pending ones, and ones that were answered;
    UDP flows; and sources that have a real server."""

    def __init__(self, former: Program, port: int = 1000) -> None:
        self.former = former
        self.open = [self._one(TCP[mode], family, 6, port) for mode in TCP for family in (4, 6)]
        self.udp = [self._one(UDP[mode], family, 17, port) for mode in UDP for family in (4, 6)]
        self.answered = [
            self._one(TCP[mode], family, 6, port + 1) for mode in TCP for family in (4, 6)
        ]
        self.pending = [
            self._one(TCP[mode], family, 6, port + 2) for mode in TCP for family in (4, 6)
        ]
        for one in (*self.open, *self.udp):
            one.open()
        for one in self.open:
            assert one.request(DATA) == "forwarded"
        for one in (*self.answered, *self.pending):
            assert one.request(SYN) == "forwarded"
        for one in self.answered:
            assert one.reply(SYN_ACK) == "forwarded-reply"
        self.port = port

    def _one(self, place: Place, family: int, protocol: int, port: int) -> Connection:
        return Connection(self.former, place, family, protocol, port)

    @property
    def every(self) -> list[Connection]:
        """All of them."""
        return [*self.open, *self.udp, *self.answered, *self.pending]

    def go_through(self, program: Program) -> None:
        """Whose packets they are from now on."""
        program.take_turns()
        for one in self.every:
            one.program = program

    def go_on(self, *, replies_first: bool = False) -> None:
        """Everything that they do goes on as if nothing had happened."""
        for one in (*self.open, *self.udp):
            seen = one.seen_as
            turns = [("forwarded", one.request), ("forwarded-reply", one.reply)]
            for wanted, turn in reversed(turns) if replies_first else turns:
                assert turn(DATA) == wanted, one
            assert one.seen_as == seen, "the same pool port"
        for one in self.pending:
            seen = one.seen_as
            assert one.reply(SYN_ACK) == "forwarded-reply", one
            assert one.seen_as == seen
        for one in (*self.pending, *self.answered):
            assert one.request(ACK) == "forwarded", one
            assert one.request(DATA) == "forwarded", one
            assert one.reply(DATA) == "forwarded-reply", one


def meaning(entries: Iterator[Entry]) -> set[tuple[object, ...]]:
    """What entries say, wherever they stand: of a reverse half its last hop, and no place."""
    found: set[tuple[object, ...]] = set()
    for entry in entries:
        reverse = bool(entry.meta & REVERSE)
        value = entry.value >> 48 if reverse else entry.value
        found.add((entry.table, entry.state, entry.meta >> 32, reverse, entry.key, value))
    return found


def check_tables(new: Program) -> None:
    """Counts of real servers are those of the entries, and reverse halves name forward halves."""
    assert new.loads() == new.counted()
    for table in flow_tables(new.maps, new.dataplane.artifact):
        for part in table.parts():
            metas = table.metas(part)
            places = np.flatnonzero(table.abi.reverse(metas) & (table.abi.state(metas) != 0))
            values = table.values(table.entries(part, places))
            forward = (values & np.uint64(0xFFFFFFFF)).astype(np.int64)
            named = table.abi.version(table.metas_of(forward))
            assert (named == ((values >> np.uint64(32)) & np.uint64(0xFFFF))).all()
