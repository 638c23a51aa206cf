# SPDX-License-Identifier: Apache-2.0
"""Flows that have moved, and end in the new tables while the former ones have them yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np
import pytest

from dsrlb.dataplane.flowhash import key_hash
from dsrlb.dataplane.flowtable import flow_tables
from tests.packets.cases.paired_services import FAR, RESOLUTIONS
from tests.packets.harness import Program
from tests.packets.moves import (
    FEW,
    MANY,
    TEXT,
    Clients,
    Formers,
    both,
    folder_of,
    meaning,
    moving,
    program,
)
from tests.packets.pair_steps import ACK, DATA, SYN_ACK, Connection, pass_time, states
from tests.packets.steps import V4, go, opened
from tests.packets.tables import REVERSE, Entry


def forward(one: Program) -> list[Entry]:
    """What is there, without reverse halves."""
    return [entry for entry in one.tables.entries() if not entry.meta & REVERSE]


def end_all(one: Program) -> int:
    """As when they expire, at once; returns how many flows there were."""
    reaper, count = one.dataplane.reaper(), len(forward(one))
    for table in flow_tables(one.maps, one.dataplane.artifact):
        for part in table.parts():
            metas = table.metas(part)
            places = np.flatnonzero(table.abi.in_use()[table.abi.kinds(metas)])
            versions = table.abi.version(metas[places])
            reaper.drop(table.ipv6, table.entries(part, places), versions)
    assert list(one.tables.entries()) == []
    return count


def begun(formers: Formers) -> tuple[Program, Clients]:
    """The tables of a program with clients, on whose interfaces it is."""
    former = formers.take(FEW)
    former.link(FAR)
    former.configure(TEXT, RESOLUTIONS)
    return former, Clients(former)


@contextmanager
def started(former: Program, *, again: bool) -> Iterator[Program]:
    """A daemon into whose tables the flows are to move: ``again``, behind one that was killed."""
    with program(MANY, folder_of(former)) as new:
        new.link(FAR)
        former.configure(TEXT, RESOLUTIONS)  # and ports of bridges forward again
        moving(new).ready(former.dataplane.program_fd, known=again)
        yield new


def bring_over(how: str, new: Program, clients: Clients) -> list[Connection]:
    """Have flows move, and packets go by the new tables; returns whose have moved."""
    if how == "copied":
        moving(new).copy()
    new.maps["moved"].array[0] = 1
    if how == "walked":
        moving(new).change()
    if how != "fetched":
        return clients.every
    for one in clients.open:
        assert one.request(DATA) == "forwarded"
    return clients.open


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "going-on"])
@pytest.mark.parametrize("how", ["copied", "walked", "fetched"])
def test_what_has_ended_does_not_come_back(how: str, killed: bool, formers: Formers) -> None:
    """By a packet, or by a pass: not even by one of the next daemon, behind a kill -9."""
    former, clients = begun(formers)
    with started(former, again=False) as new:
        clients.go_through(new)
        ended = bring_over(how, new, clients)
        assert end_all(new) == len(ended)
        if not killed:
            check_gone(new, clients, ended)
    if killed:
        with started(former, again=True) as again:
            clients.go_through(again)
            check_gone(again, clients, ended)


def check_gone(new: Program, clients: Clients, ended: list[Connection]) -> None:
    for one in ended:
        assert one.reply(DATA) != "forwarded-reply", one
    assert forward(new) == []
    before = moving(new).result.copied
    moving(new).change()
    there = len(clients.every) - len(ended)
    assert (len(forward(new)), moving(new).result.copied - before) == (there, there)
    assert new.loads() == new.counted()


def test_what_lives_goes_on_behind_a_killed_daemon(formers: Formers) -> None:
    """Though the former tables have it as it was, or not at all by now. A FIN of both sides, the
    last that these have seen, ends nothing at once."""
    former, clients = begun(formers)
    with started(former, again=False) as new:
        moving(new).copy()
        for one in clients.udp:
            assert one.request() == "forwarded"
        change_states(former)  # the last that packets do there
        new.maps["moved"].array[0] = 1
        clients.go_through(new)
        before = states(new)
    pass_time(former, 36_000)
    with started(former, again=True) as again:
        clients.go_through(again)
        moving(again).change()
        ended = {
            table: sorted("closing" if state == "data" else state for state in those)
            for table, those in before.items()
        }
        assert states(again) == ended
        assert moving(again).result.taken_back == 0
        clients.go_on()


def flows_of(one: Program) -> set[tuple[object, ...]]:
    """What flows are, but for when they expire."""
    found = meaning(one.tables.entries())
    return {(table, state, *what) for table, state, _, reverse, *what in found if not reverse}


def change_states(former: Program) -> None:
    """Open flows are as good as over there."""
    for name in ("flows4", "flows6"):
        metas = former.maps[name].array["meta"]
        states = flow_tables(former.maps, former.dataplane.artifact)[0].abi.states
        data = (metas & np.uint64(0xF)) == states["data"]
        metas[data] ^= np.uint64(states["closing"] ^ states["data"])


def test_a_change_behind_the_last_pass_is_followed(formers: Formers) -> None:
    """While packets go by the new tables already; but for what has ended there since."""
    with both(FEW, MANY, formers) as (former, new):
        clients = Clients(former)
        moving(new).copy()
        for one in clients.answered:
            assert one.request(ACK) == "forwarded"
        change_states(former)
        new.maps["moved"].array[0] = 1
        wanted = flows_of(former)
        moving(new).copy()
        assert flows_of(new) == wanted
        end_all(new)
        moving(new).copy()
        assert forward(new) == []


def test_what_has_ended_and_changed_is_not_copied_again(formers: Formers) -> None:
    with both(FEW, MANY, formers) as (former, new):
        Clients(former)
        moving(new).copy()
        change_states(former)
        new.maps["moved"].array[0] = 1
        end_all(new)
        moving(new).change()
        assert forward(new) == []


def leave_remains(former: Program) -> int:
    """Put what is left of a pair into the main tables, for each pending one with the key of its
    replies; returns how many there are."""
    count = 0
    for table in flow_tables(former.maps, former.dataplane.artifact):
        sets = former.maps[f"flows{6 if table.ipv6 else 4}"].array
        secret = former.maps["flow_settings"].array[0]["secret"]
        for row in np.arange(table.sizes.main_sets, table.sizes.sets):
            for slot in np.flatnonzero(table.abi.reverse(sets["meta"][row].copy())):
                entry = np.array([row * table.abi.set_flows + slot])
                value, _ = key_hash(table.key_words(entry), secret)
                at = int(value[0]) * table.sizes.main_sets >> 32
                free = int(np.flatnonzero(sets["meta"][at] == 0)[0])
                sets["flow"][at, free] = sets["flow"][row, slot]
                sets["flow"]["value"][at, free] += np.uint64(1 << 32)  # no entry's version
                sets["meta"][at, free] = sets["meta"][row, slot]
                count += 1
    return count


def test_a_pair_behind_what_is_left_of_another(formers: Formers) -> None:
    """The main table has the key of its replies as well, in an entry of nobody."""
    with both(FEW, MANY, formers) as (former, new):
        clients = Clients(former)
        pending = [*clients.pending, *clients.answered]
        assert leave_remains(former) >= len(pending)
        clients.go_through(new)
        new.maps["moved"].array[0] = 1
        for one in pending:
            assert one.reply(SYN_ACK) == "forwarded-reply", one


def test_a_copy_that_is_touched_is_taken_back(formers: Formers) -> None:
    """Whatever its expiry is at that moment; else there is no place for the next one."""
    with both(FEW, FEW + 500, formers) as (former, new):
        for sport in range(1000, 2000):
            go(former, V4, V4.to_11, *opened(V4, sport))
        count, rounds = moving(new).copy(), 50
        metas = former.maps["flows4"].array["meta"]
        with touched(new):
            for _ in range(rounds):
                metas[metas != 0] += np.uint64(1 << 16)  # others than those that were copied
                assert moving(new).copy() == count
        assert moving(new).result.taken_back == rounds * count
        assert moving(new).result.copied == (1 + rounds) * count


@contextmanager
def touched(new: Program) -> Iterator[None]:
    """The expiries of all entries change meanwhile, and nothing else."""
    expiries = new.maps["flows4"].array["meta"].view(np.uint32)[:, 1::2]

    def touch() -> None:
        while True:
            expiries[:] ^= np.uint32(1)

    process = get_context("fork").Process(target=touch, daemon=True)  # the map is mapped there, too
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()
