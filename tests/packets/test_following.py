# SPDX-License-Identifier: Apache-2.0
"""What flows do in the moments around the change to other flow tables, by the former ones or by the
new ones: their copies become what the flows are, whether the daemon lives on or is killed there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pytest

from dsrlb.dataplane.flowtable import flow_tables
from tests.packets import moves
from tests.packets.cases.paired_services import FAR, RESOLUTIONS
from tests.packets.harness import Program
from tests.packets.moves import FEW, MANY, Formers, check_tables, folder_of, moving, program
from tests.packets.pair_steps import (
    ACK,
    DATA,
    FIN,
    RST,
    SYN,
    SYN_ACK,
    TCP,
    UDP,
    Connection,
    Place,
    pass_time,
    states,
)
from tests.packets.tables import REVERSE

MANY_PENDING = 300
IDLE = 600
"""Seconds, of UDP: to load a program takes its time."""
TEXT = moves.TEXT.replace('protocol = "udp"', f'idle_timeout = "{IDLE}s"\nprotocol = "udp"')
TEXT += """
[[service]]
name = "late"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 81
mode = "l2dsr"
group = "all"
on_unknown = "schedule"
pending_timeout = "10m"
"""
LATE = Place("l2dsr", 81, 11, 81, far=False)
"""Takes up connections in the middle: unverified ones, which stand in the main table."""


class Change:
    """``former`` has flows, and ``new`` tables into which they move; step by step, what a daemon
    does at once."""

    def __init__(self, stack: ExitStack, former: Program, *, killed: bool) -> None:
        self._stack = stack
        self._killed = killed
        self.former = former
        self.former.link(FAR)
        self.former.configure(TEXT, RESOLUTIONS)
        self._begun = stack if not killed else ExitStack()
        self.new = self._next(self._begun)

    def _next(self, stack: ExitStack, *, known: bool = False) -> Program:
        made = stack.enter_context(program(MANY, folder_of(self.former)))
        made.link(FAR)
        self.former.configure(TEXT, RESOLUTIONS)
        moving(made).ready(self.former.dataplane.program_fd, known=known)
        return made

    def copy(self) -> None:
        """The last pass before the change."""
        moving(self.new).copy()

    def change(self, *connections: Connection) -> None:
        """Packets go by the new tables, those of ``connections``, too; the daemon may be killed
        right then."""
        self.new.maps["moved"].array[0] = 1
        if self._killed:
            self._begun.close()
            self.new = self._next(self._stack, known=True)
        self.new.take_turns()
        for one in connections:
            one.program = self.new

    def end(self) -> None:
        """The pass behind the change. Another one finds nothing to do."""
        moving(self.new).copy()
        check_tables(self.new)
        taken_back = moving(self.new).result.taken_back
        moving(self.new).copy()
        check_tables(self.new)
        assert moving(self.new).result.taken_back == taken_back

    def reap(self) -> None:
        """What has expired goes, and reverse halves of no flow."""
        reaper = self.new.dataplane.reaper()
        for table in flow_tables(self.new.maps, self.new.dataplane.artifact):
            for part in table.parts():
                metas = table.metas(part)
                places = np.flatnonzero(table.abi.state(metas))
                versions = table.abi.version(metas[places])
                reaper.expire(table.ipv6, table.entries(part, places), versions)


@pytest.fixture(params=[False, True], ids=["alive", "killed"])
def made(request: pytest.FixtureRequest, formers: Formers) -> Iterator[Change]:
    with ExitStack() as stack:
        yield Change(stack, formers.take(FEW), killed=request.param)


@dataclass(frozen=True)
class Story:
    """What clients of an open connection send: before it is copied, between that and the change,
    and behind the change; and in which state that leaves their flows."""

    name: str
    first: tuple[int, ...]
    between: tuple[int, ...]
    behind: tuple[int, ...]
    state: str


STORIES = (
    Story("ends between", (DATA,), (FIN,), (), "closing"),
    Story("is reset between", (DATA,), (RST,), (), "reset"),
    Story("goes on between, and ends behind", (), (DATA,), (FIN,), "closing"),
    Story("ends between, and goes on a bit", (), (FIN,), (DATA,), "closing"),
    Story("ends on both sides", (DATA,), (FIN,), (FIN,), "closing"),
    Story("ends, and is reset behind", (DATA,), (FIN,), (RST,), "reset"),
    Story("begins to send between", (), (DATA,), (), "data"),
    Story("goes on between", (DATA,), (DATA,), (), "data"),
    Story("goes on behind a reset", (RST,), (DATA,), (), "data"),
    Story("is reset between, and goes on", (), (RST,), (DATA,), "data"),
)


def _connections(made: Change, port: int) -> list[Connection]:
    """One of each mode and family."""
    return [
        Connection(made.former, TCP[mode], family, 6, port) for mode in TCP for family in (4, 6)
    ]


def _send(connections: list[Connection], flags: tuple[int, ...]) -> None:
    for one in connections:
        assert all(one.request(each) == "forwarded" for each in flags), one


def _found(made: Change, port: int) -> set[str]:
    """States of flows of this client's port, all of them."""
    wanted = port.to_bytes(2, "big")
    return {
        entry.state
        for entry in made.new.tables.entries()
        if not entry.meta & REVERSE and entry.key[-1].to_bytes(8, "little")[:2] == wanted
    }


def test_copies_become_what_flows_are(made: Change) -> None:
    """And nothing is there again when they have gone; counts are right all the while."""
    told = dict(enumerate(STORIES, 2000))
    clients = {number: _connections(made, number) for number in told}
    for number, story in told.items():
        for one in clients[number]:
            one.open()
        _send(clients[number], story.first)
    made.copy()
    for number, story in told.items():
        _send(clients[number], story.between)
    made.change(*(one for those in clients.values() for one in those))
    for number, story in told.items():
        _send(clients[number], story.behind)
    made.end()
    for number, story in told.items():
        assert _found(made, number) == {story.state}, story.name
    pass_time(made.new, 10 * 3600)
    made.reap()
    made.end()
    assert made.new.loads() == {}


def test_what_has_gone_meanwhile_stays_gone(made: Change) -> None:
    """Its flow stands in the former tables yet, in another state than it was copied in."""
    clients = _connections(made, 2000)
    for one in clients:
        one.open()
    made.copy()
    _send(clients[::2], (FIN,))
    _send(clients[1::2], (DATA,))
    made.change(*clients)
    _send(clients, (FIN,))
    pass_time(made.new, 10 * 3600)
    made.reap()
    made.end()
    assert made.new.loads() == {}
    assert {one.reply(DATA) for one in clients}.isdisjoint({"forwarded-reply"})


def test_what_was_not_verified_counts_once(made: Change) -> None:
    """It is a pending flow no more, by what the former tables have seen, and the new ones, too."""
    silent, busy = (
        [Connection(made.former, LATE, family, 6, port) for family in (4, 6)]
        for port in (2000, 2001)
    )
    _send(silent + busy, (ACK,))
    assert {state for found in states(made.former).values() for state in found} == {"unverified"}
    made.copy()
    _send(silent + busy, (DATA,))
    made.change(*silent, *busy)
    _send(busy, (DATA,))
    made.end()
    assert _found(made, 2000) == _found(made, 2001) == {"data"}


def test_what_has_ended_is_known_by_heart_no_more(made: Change) -> None:
    """CPUs know a copy that is open yet; behind the pass it is not."""
    clients = _connections(made, 2000)
    for one in clients:
        one.open()
    _send(clients, (DATA,))
    made.copy()
    _send(clients, (FIN,))
    made.change(*clients)
    _send(clients, (DATA,))
    changes = made.new.maps["flow_changes"].array["count"]
    before = int(changes.sum())
    made.end()
    assert int(changes.sum()) - before == len(clients)


def test_a_place_that_another_flow_has_by_now(made: Change) -> None:
    """Pending flows opened between the passes, and others have their places: these are fetched, and
    the copies of those before them go all the same."""
    before, later = (
        [Connection(made.former, LATE, 4, 6, port) for port in range(first, first + MANY_PENDING)]
        for first in (3000, 4000)
    )
    _send(before, (SYN,))
    made.copy()
    _send(before, (ACK,))
    _send(later, (SYN,))
    made.change(*before, *later)
    _send(later, (ACK,))
    made.end()
    assert states(made.new) == {"flows4": ["open"] * 2 * MANY_PENDING}


def test_what_opens_between_the_passes_goes_on(made: Change) -> None:
    """Its copy is yet a pending one, and gives way to the open flow; when that has ended and gone,
    it is not there again. And what has only been answered can open."""
    opened, answered = _connections(made, 2000), _connections(made, 2001)
    _send(opened + answered, (SYN,))
    made.copy()
    for one in opened + answered:
        assert one.reply(SYN_ACK) == "forwarded-reply"
    _send(opened, (ACK,))
    made.change(*opened, *answered)
    for one in opened:
        assert one.reply(DATA) == "forwarded-reply"
    _send(opened, (DATA, FIN))
    assert _found(made, 2000) == {"closing"}
    pass_time(made.new, 60)
    made.reap()
    made.end()
    assert _found(made, 2000) == set()
    _send(answered, (ACK,))
    assert _found(made, 2001) == {"open"}


def test_copies_live_as_long_as_their_flows(made: Change) -> None:
    """A packet between the passes has kept them, though in the state that they were copied in."""
    clients = [
        Connection(made.former, place, family, 17, 2000)
        for place in UDP.values()
        for family in (4, 6)
    ]
    for one in clients:
        one.open()
    made.copy()
    for one_program in (made.former, made.new):
        pass_time(one_program, 0.7 * IDLE)
    for one in clients:
        assert one.request() == "forwarded"
    made.change(*clients)
    made.end()
    pass_time(made.new, 0.7 * IDLE)
    for one in clients:
        assert one.reply() == "forwarded-reply"
