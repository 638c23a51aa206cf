# SPDX-License-Identifier: Apache-2.0
"""fastest-response-time: who is asked for a measurement, who is near enough to the fastest, and
what is measured where replies come back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.packets.algorithms import FASTEST, Response
from tests.packets.algorithms.response import STALE, TRY
from tests.packets.balanced import Place, Setting
from tests.packets.balanced_clients import ACK, RST, SYN, SYN_ACK, Client
from tests.packets.balanced_times import TIMINGS, TimedClients
from tests.packets.harness import Program
from tests.packets.model import Real

US, MS = 1_000, 1_000_000
MODES = ["bridge", "router", "one-arm", "nat"]


def clients(
    program: Program, mode: str = "l2dsr", numbers: tuple[int, ...] = (11, 12, 13)
) -> TimedClients:
    """Of services whose real servers are measured by tell(); in modes in which replies come back
    also by the first answer to a flow."""
    places = {number: Place() for number in numbers}
    return TimedClients(program, Setting(mode, FASTEST, places=places))


def new(talks: TimedClients, first: int, count: int) -> list[int]:
    """The real servers, by number, of so many new TCP connections over IPv4."""
    went = []
    for number in range(first, first + count):
        talks.send(Client(8 * number), SYN)
        flow = talks.model.forward.flows[Client(8 * number).key]
        went.append(int(flow.real.name.rsplit(".", 1)[1]))
    return went


@pytest.mark.parametrize("mode", ["l2dsr", "nat"])
def test_none_measured(program: Program, mode: str) -> None:
    """All in turn; whether they are due makes no difference."""
    talks = clients(program, mode)
    assert new(talks, 0, 7) == [11, 12, 13, 11, 12, 13, 11]
    talks.age_responses(TRY)
    assert new(talks, 10, 4) == [12, 13, 11, 12]


def test_one_is_not_measured(program: Program) -> None:
    """It is tried once in a second, and the others share what is left."""
    talks = clients(program, "nat")
    talks.tell(11, 5 * MS)
    talks.tell(13, 5 * MS)
    assert new(talks, 0, 6) == [12, 13, 11, 13, 11, 13]
    talks.age_responses(TRY - 5)  # some tick goes by in truth
    assert 12 not in new(talks, 10, 3)
    talks.age_responses(5)
    assert new(talks, 20, 4).count(12) == 1


def test_flows_measure_nothing_in_a_dsr_mode(program: Program) -> None:
    """There nobody is tried by a client: who has not answered a probe gets none, however long."""
    talks = clients(program)
    talks.tell(11, 5 * MS)
    talks.tell(13, 5 * MS)
    assert new(talks, 0, 4) == [11, 13, 11, 13]
    talks.age_responses(TRY)
    assert new(talks, 10, 4) == [11, 13, 11, 13]


@pytest.mark.parametrize("mode", ["l2dsr", "nat"])
def test_near_ties_share(program: Program, mode: str) -> None:
    """Within a tenth of the fastest, whoever that is."""
    talks = clients(program, mode, (11, 12, 13, 14))
    for number, ns in ((11, 1600), (12, 1760), (13, 1776), (14, 1700)):  # 100, 110, 111, 106 units
        talks.tell(number, ns)
    assert new(talks, 0, 6) == [11, 12, 14, 11, 12, 14]


@pytest.mark.parametrize("mode", ["l2dsr", "nat"])
def test_many_real_servers(program: Program, mode: str) -> None:
    """More than are compared at once: the fastest ones are first, in the middle, and last."""
    numbers = tuple(range(11, 211))
    talks = clients(program, mode, numbers)
    for number in numbers:
        talks.tell(number, 1 * MS if number in (11, 74, 75, 150, 210) else 9 * MS)
    assert new(talks, 0, 10) == [11, 74, 75, 150, 210] * 2
    talks.tell(150, 2 * US)
    assert new(talks, 10, 2) == [150, 150]


def test_many_of_which_few_are_not_measured(program: Program) -> None:
    """Those are tried, wherever they stand."""
    numbers = tuple(range(11, 211))
    talks = clients(program, "nat", numbers)
    for number in numbers:
        if number not in (20, 190):
            talks.tell(number, 5 * MS)
    assert new(talks, 0, 4) == [20, 190, 191, 192]


def test_the_fastest_is_full(program: Program) -> None:
    """Then whoever is near the fastest of those that have room."""
    talks = clients(program)
    talks.setting.places[11].max_open = 1
    talks.apply()
    for number, ns in ((11, 10 * US), (12, 400 * US), (13, 420 * US)):
        talks.tell(number, ns)
    assert talks.connect(Client(0)) is talks.services[4, 6].reals[0]
    assert new(talks, 10, 4) == [12, 13, 12, 13]


def test_slow_ones_get_few(program: Program) -> None:
    """One that is fifty times as slow has only what it is measured by: nothing for ten seconds."""
    talks = clients(program, "nat")
    for number, ns in ((11, 1 * MS), (12, 1 * MS), (13, 50 * MS)):
        talks.tell(number, ns)
    assert Counter(new(talks, 0, 100)) == {11: 50, 12: 50}


def test_stale_ones_are_tried(program: Program) -> None:
    """After ten seconds, once in a second each; what it took before has no say in what it takes."""
    talks = clients(program, "nat", (11, 12))
    talks.tell(11, 1 * MS)
    talks.tell(12, 9 * MS)
    talks.age_responses(STALE - 10)  # some tick goes by in truth
    assert new(talks, 0, 4) == [11] * 4
    talks.age_responses(10)
    assert sorted(new(talks, 10, 2)) == [11, 12]
    talks.tell(11, 1 * MS)
    assert new(talks, 20, 4) == [11] * 4
    talks.tell(12, 2 * US)
    assert new(talks, 30, 4) == [12] * 4


def test_stale_ones_do_not_count(program: Program) -> None:
    """In a DSR mode too: the one that still answers probes gets the flows, however slow; when there
    is none, all do."""
    talks = clients(program, "l2dsr", (11, 12))
    talks.tell(11, 1 * US)
    talks.age_responses(STALE)
    talks.tell(12, 90 * MS)
    assert new(talks, 0, 4) == [12] * 4
    talks.age_responses(STALE)
    assert new(talks, 10, 4) == [11, 12, 11, 12]


def test_a_new_real_server_has_not_been_measured(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at the place of one that was."""
    indices = program.applier.installed.real_indices
    clock = 1_000_000.0
    monkeypatch.setattr(indices, "_clock", lambda: clock)
    talks = clients(program, "nat", (11, 12))
    talks.tell(11, 1 * US)
    talks.tell(12, 900 * US)
    before = {talks.index(name) for name in talks.reals()}
    del talks.setting.places[11]
    talks.apply()
    clock += 10
    talks.setting.places[13] = Place()
    talks.apply()
    assert {talks.index(name) for name in talks.reals()} == before
    assert all(talks.response(real) == real.response for real in talks.reals().values())
    assert new(talks, 0, 4) == [13, 12, 12, 12]


@pytest.mark.parametrize("protocol", [6, 17])
@pytest.mark.parametrize("mode", MODES)
def test_measured_by_the_first_answer(program: Program, mode: str, protocol: int) -> None:
    """From the SYN to the SYN-ACK, from a query to its answer. Not by what follows."""
    talks = clients(program, mode, (11,))
    for family in (0, 1):
        who = Client((6 if protocol == 17 else 0) + family)
        real = talks.connect(who, 3 * MS)
        assert real is not None
        once = known(talks, real)
        assert 3 * MS // 16 <= once.smoothed < 30 * MS // 16
        talks.answer(who, SYN_ACK, 70 * MS)
        talks.answer(who, ACK, 70 * MS)
        assert known(talks, real) == once


def known(talks: TimedClients, real: Real) -> Response:
    """What is measured of it, without when it was tried."""
    return replace(talks.response(real), tried=0)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_no_answer(program: Program, mode: str) -> None:
    """A reset, or an ACK: the SYN-ACK behind it is the first one."""
    talks = clients(program, mode, (11,))
    who = Client(0)
    talks.send(who, SYN)
    flow = talks.model.forward.flows[who.key]
    for flags in (RST, RST | ACK, ACK):
        talks.answer(who, flags)
        assert known(talks, flow.real) == Response()
    talks.answer(who, SYN_ACK, 5 * MS)
    assert known(talks, flow.real).smoothed >= 5 * MS // 16


@pytest.mark.parametrize("mode", MODES)
def test_repeated_syn(program: Program, mode: str) -> None:
    """Nobody can tell which of the two the answer is to, so it says nothing (RFC 6298, 3)."""
    talks = clients(program, mode, (11,))
    who = Client(1)
    talks.send(who, SYN)
    flow = talks.model.forward.flows[who.key]
    talks.send(who, SYN)
    talks.answer(who, SYN_ACK)
    assert known(talks, flow.real) == Response()


def test_flows_go_to_the_faster_one(program: Program) -> None:
    """Of two, of which one answers a hundred times as fast: nearly all, by measurement alone."""
    talks, went = clients(program, "nat", (11, 12)), Counter[str]()
    for number in range(60):
        who = Client(8 * number)
        talks.send(who, SYN)
        real = talks.model.forward.flows[who.key].real
        talks.answer(who, SYN_ACK, (1 if real.name.endswith("11") else 100) * MS)
        talks.send(who, ACK)
        went[real.name] += 1
    assert went == {"10.0.0.11": 59, "10.0.0.12": 1}


def test_other_algorithms_measure_nothing(program: Program) -> None:
    """A service's response times are of no use to any other, and cost a clock's reading."""
    talks = TimedClients(program, Setting("nat", "least-connection"))
    before = timings(program)
    real = talks.connect(Client(0), 5 * MS)
    assert real is not None
    assert talks.response(real) == Response()
    assert timings(program) == before


def timings(program: Program) -> list[bytes]:
    """All that answers are waited for."""
    return [found.tobytes() for _, found in program.maps["timings"].items()]


def test_two_that_wait_in_one_place(program: Program) -> None:
    """The one that came first is not measured, whatever its answer takes; the other one is."""
    talks = clients(program, "nat", (11,))
    waiting: dict[int, Client] = {}
    for second in (Client(number + family) for number in range(0, 16000, 8) for family in (0, 1)):
        talks.send(second, SYN)
        found = talks.entry(second.key)
        assert found is not None
        first = waiting.setdefault(found[0] % TIMINGS, second)
        if first is not second:
            break
    else:
        pytest.fail("no two of 4,000 clients wait in one place")
    talks.answer(first, SYN_ACK, 20 * MS)
    assert {real.response.smoothed for real in talks.reals().values()} == {0}
    talks.answer(second, SYN_ACK, 20 * MS)
    assert max(real.response.smoothed for real in talks.reals().values()) >= 20 * MS // 16
