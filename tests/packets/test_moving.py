# SPDX-License-Identifier: Apache-2.0
"""Flows that move into flow tables of another size: all kinds of them, in every state, go on."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pytest

from dsrlb.control.maps import installed
from dsrlb.control.maps.apply import Applier
from dsrlb.dataplane import graceperiod
from dsrlb.dataplane.flowtable import flow_tables
from tests.packets import cases
from tests.packets.cases.paired_services import FAR, RESOLUTIONS
from tests.packets.evidence import check
from tests.packets.moves import (
    FEW,
    MANY,
    TEXT,
    Clients,
    Formers,
    both,
    check_tables,
    folder_of,
    meaning,
    moving,
    program,
)
from tests.packets.pair_steps import ACK, DATA, TCP, Connection, pass_time
from tests.packets.steps import V4, V6, go, opened
from tests.packets.tables import REVERSE
from tests.packets.test_pair_meeting import MAIN, PENDING, SECRET, meeting

SIZES = [(FEW, MANY), (MANY, FEW)]


@pytest.mark.parametrize("sizes", SIZES, ids=["larger", "smaller"])
def test_everything_moves(
    sizes: tuple[int, int], formers: Formers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with both(*sizes, formers) as (former, new):
        clients = Clients(former)
        for v in (V4, V6):
            go(former, v, v.to_11, *opened(v, 2000))
            go(former, v, v.to_12, *opened(v, 2000, client=str(v.client) + "1"))
        before = meaning(former.tables.entries())
        clients.go_through(new)
        for one in clients.open:
            assert one.request(DATA) == "forwarded", "by the former tables"
        assert not moving(new).changed
        assert list(new.tables.entries()) == []
        waited: list[tuple[bool, int]] = []
        monkeypatch.setattr(
            graceperiod,
            "wait",
            lambda: waited.append((moving(new).changed, moving(new).result.copied)),
        )
        moving(new).change()
        assert moving(new).changed
        assert waited == [(True, moving(new).result.copied)], "for runs that saw no change yet"
        assert meaning(new.tables.entries()) == before
        check_tables(new)
        clients.go_on()
        for v in (V4, V6):
            go(new, v, v.to_11, *opened(v, 2001), *opened(v, 2000)[1:])
            go(new, v, v.to_12, *opened(v, 2001, client=str(v.client) + "1"))
        check_tables(new)


@pytest.mark.parametrize("replies_first", [False, True])
def test_what_was_not_copied_is_fetched(replies_first: bool, formers: Formers) -> None:
    """By a packet of either direction; then the copy behind it finds it there."""
    with both(FEW, MANY, formers) as (former, new):
        clients = Clients(former)
        for v in (V4, V6):
            go(former, v, v.to_11, *opened(v, 2000))
        clients.go_through(new)
        new.maps["moved"].array[0] = 1
        clients.go_on(replies_first=replies_first)
        for v in (V4, V6):
            go(new, v, v.to_11, opened(v, 2000)[1])
        moving(new).change()
        clients.go_on(replies_first=not replies_first)
        Clients(new, 3000).go_on()


def test_what_is_left_of_a_pair_fetches_nothing(formers: Formers) -> None:
    """The place that a reverse half names has another flow by now, which is not the reply's."""
    with both(FEW, MANY, formers) as (former, new):
        clients = Clients(former)
        for name in ("flows4", "flows6"):
            metas = former.maps[name].array["meta"]
            forward = (metas & np.uint64(15) != 0) & (metas & np.uint64(REVERSE) == 0)
            metas[forward] += np.uint64(1 << 16)  # its version
        clients.go_through(new)
        new.maps["moved"].array[0] = 1
        for one in clients.every:
            assert one.reply(DATA) != "forwarded", one
        assert list(new.tables.entries()) == []


@pytest.mark.parametrize("copied", [True, False], ids=["copied", "fetched"])
@pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
def test_pairs_whose_halves_meet(family: int, copied: bool, formers: Formers) -> None:
    """Both keys belong into one of the new sets, with one tag: they move as all others do."""
    with both(FEW, MANY, formers) as (former, new), ExitStack() as stack:
        sizes = former.maps["flow_settings"].array[0]
        own = int(sizes["flow_sets"]), int(sizes["pending_sets"])
        stack.enter_context(former.tables.made(*own, SECRET))
        stack.enter_context(new.tables.made(MAIN, PENDING, SECRET))
        made = [Connection(former, TCP[mode], family, 6) for mode in TCP]
        for one in made:
            one.port = meeting(one)
            one.open()
        new.take_turns()
        if copied:
            moving(new).change()
        else:
            new.maps["moved"].array[0] = 1
        for one in made:
            one.program = new
            assert (one.request(DATA), one.reply(DATA)) == ("forwarded", "forwarded-reply")
        assert len(list(new.tables.entries())) == 2 * len(made)
        check_tables(new)


def test_copies_follow_their_flows(formers: Formers) -> None:
    """What ends or changes between two passes is copied anew, or is no copy's any more."""
    with both(FEW, MANY, formers) as (former, new):
        clients = Clients(former)
        count = moving(new).copy()
        assert count == len(clients.every) == moving(new).result.copied
        assert moving(new).copy() == 0
        for one in clients.answered:
            assert one.request(ACK) == "forwarded"
        more = Clients(former, 4000)
        reaper = former.dataplane.reaper()
        dropped = 0
        for table in flow_tables(former.maps, former.dataplane.artifact):
            for part in table.parts():
                metas = table.metas(part)
                places = np.flatnonzero(table.abi.state(metas) == table.abi.states["udp"])
                places = places[~table.abi.reverse(metas[places])]
                entries = table.entries(part, places)
                dropped += reaper.drop(table.ipv6, entries, table.abi.version(metas[places]))
        assert dropped == len(clients.udp) + len(more.udp)
        moving(new).copy()
        assert moving(new).result.taken_back == len(clients.answered) + len(clients.udp)
        # Reverse halves of no flow are nobody's, and stay until the next round of the daemon.
        before, after = (
            {entry for entry in meaning(one.tables.entries()) if not entry[3]}
            for one in (former, new)
        )
        assert before == after
        moving(new).change()
        assert new.loads() == new.counted()


@pytest.mark.parametrize("running", [True, False])
def test_copies_that_a_killed_daemon_made_are_made_anew(running: bool, formers: Formers) -> None:
    """Their flows went on by the former tables since, or ended: others may have what they had."""
    former = formers.take(FEW)
    former.link(FAR)
    former.configure(TEXT, RESOLUTIONS)
    clients = Clients(former)
    with program(MANY, folder_of(former)) as killed:
        killed.link(FAR)
        moving(killed).ready(former.dataplane.program_fd, known=False)
        assert moving(killed).copy() == len(clients.every)
    former.configure(TEXT, RESOLUTIONS)  # and ports of bridges forward again
    pass_time(former, 3600)
    later = Clients(former, 5000)
    with program(MANY, folder_of(former)) as again:
        again.link(FAR)
        former.configure(TEXT, RESOLUTIONS)
        moving(again).ready(former.dataplane.program_fd if running else None, known=running)
        moving(again).change()
        assert len(list(again.tables.entries())) == 2 * len(later.every)
        later.go_through(again)
        later.go_on()


@pytest.mark.parametrize("moved", [0, 1])
def test_every_case_behind_the_program_in_front(moved: int, formers: Formers) -> None:
    """Bytes, verdicts and reasons are those that there are without it."""
    former = formers.take(FEW)
    with program(MANY, folder_of(former)) as new:
        former.configure(cases.CONFIG, cases.RESOLUTIONS)
        new.applier = Applier(new.maps, installed.read(new.maps))
        moving(new).ready(former.dataplane.program_fd, known=False)
        new.maps["moved"].array[0] = moved
        used = new if moved else former
        for steps in [*([one] for one in cases.SINGLES), *cases.CONVERSATIONS]:
            used.rewind()
            new.take_turns()
            for case in steps:
                check(case.id, case.sent, case.outcome, new.run(case.sent))


def test_more_flows_than_the_new_tables_are_rated_for(formers: Formers) -> None:
    """As many as there is room for, and it is told how many are too many."""
    with both(20_000, 1_000, formers) as (former, new):
        for sport in range(1000, 5000):
            go(former, V4, V4.to_11, *opened(V4, sport))
        moving(new).change()
        found = new.tables.counts()["flows4"]
        assert 1_000 <= found <= 2_000
        assert moving(new).result.crowded == 4_000 + 1 - 1_000
        check_tables(new)
