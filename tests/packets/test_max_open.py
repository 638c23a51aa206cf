# SPDX-License-Identifier: Apache-2.0
"""max_open and max_open_low: how many open flows a real server has at most; and what is counted."""

from __future__ import annotations

import time

import pytest

from tests.packets.harness import Program
from tests.packets.steps import (
    ACK,
    FIN_ACK,
    PSH_ACK,
    RST,
    SYN,
    A,
    B,
    C,
    Family,
    config,
    go,
    opened,
    states,
    stop,
)


def limited(real: str, most: int, low: int | None = None) -> str:
    return f"{real}\nmax_open = {most}" + ("" if low is None else f"\nmax_open_low = {low}")


def load(program: Program, v: Family, last: int, service: str = "web") -> tuple[int, int]:
    """(open, pending) as counted by the program, which the tables confirm."""
    assert program.loads() == program.counted()
    reals = program.applier.installed.reals
    (name,) = (r for r in reals if r.service.name == service and str(r.address) == v.real(last))
    return program.load(name)


def test_full_real_is_skipped(program: Program, v: Family) -> None:
    program.configure(config(limited(A, 1), B))
    go(program, v, v.to_11, *opened(v, 1000))
    assert load(program, v, 11) == (1, 0)
    go(program, v, v.to_12, *opened(v, 1001), *opened(v, 1002), *opened(v, 1003))
    go(program, v, v.to_11, v.tcp(PSH_ACK, b"GET /"))


def test_all_full(program: Program, v: Family) -> None:
    program.configure(config(limited(A, 1), limited(B, 2)))
    go(program, v, v.to_11, *opened(v, 1000))
    go(program, v, v.to_12, *opened(v, 1001), *opened(v, 1002))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1003), v.tcp(SYN, sport=1004))
    assert states(program) == {v.flows: ["open"] * 3}
    go(program, v, v.to_11, v.tcp(FIN_ACK, sport=1000))
    go(program, v, v.to_11, *opened(v, 1003))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1004))


def test_full_beside_unusable_ones(program: Program, v: Family) -> None:
    """The reason is the one that a client may wait for."""
    program.configure(config(limited(A, 1), B + "\nweight = 0"))
    go(program, v, v.to_11, *opened(v))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1001))


def test_handshakes_are_not_counted(program: Program, v: Family) -> None:
    """Anybody can begin those: a real server may get more than max_open at once by them."""
    program.configure(config(limited(A, 2)))
    go(program, v, v.to_11, *(v.tcp(SYN, sport=n) for n in range(1000, 1005)))
    assert load(program, v, 11) == (0, 5)
    go(program, v, v.to_11, *(v.tcp(ACK, sport=n) for n in range(1000, 1005)))
    assert load(program, v, 11) == (5, 0)
    stop(program, v, "reals-full", v.tcp(SYN, sport=1005))


@pytest.mark.parametrize("end", [FIN_ACK, RST], ids=["fin", "rst"])
@pytest.mark.parametrize(("low", "resumes"), [(1, 1), (0, 0), (3, 3), (None, 3)])
def test_back_in_service(
    program: Program, v: Family, end: int, low: int | None, resumes: int
) -> None:
    """At max_open_low, which is 9/10 of max_open by default: 3 of 4."""
    program.configure(config(limited(A, 4, low)))
    go(program, v, v.to_11, *(each for n in range(1000, 1004) for each in opened(v, n)))
    for count in range(4, resumes, -1):
        assert load(program, v, 11) == (count, 0)
        stop(program, v, "reals-full", v.tcp(SYN, sport=1100))
        go(program, v, v.to_11, v.tcp(end, sport=999 + count))
    go(program, v, v.to_11, *(each for n in range(1100, 1104 - resumes) for each in opened(v, n)))
    assert load(program, v, 11) == (4, 0)
    stop(program, v, "reals-full", v.tcp(SYN, sport=1200))


def test_below_max_open_without_having_been_full(program: Program, v: Family) -> None:
    """max_open_low only matters once a new flow has met the limit."""
    program.configure(config(limited(A, 3, 0)))
    go(program, v, v.to_11, *opened(v, 1000), *opened(v, 1001), *opened(v, 1002))
    go(program, v, v.to_11, v.tcp(FIN_ACK, sport=1000), *opened(v, 1003))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1004))


def test_reset_flow_that_opens_again(program: Program, v: Family) -> None:
    """Also beyond max_open: it is the real server's already."""
    program.configure(config(limited(A, 1, 0)))
    go(program, v, v.to_11, *opened(v, 1000), v.tcp(RST, sport=1000))
    assert load(program, v, 11) == (0, 0)
    go(program, v, v.to_11, *opened(v, 1001), v.tcp(ACK, sport=1000))
    assert load(program, v, 11) == (2, 0)


def test_udp(program: Program, v: Family) -> None:
    """Open is what had a second packet."""
    program.configure(config(limited(A, 1), B))
    go(program, v, v.to_11, v.udp(sport=1000))
    assert load(program, v, 11, "dns") == (0, 1)
    go(program, v, v.to_11, v.udp(sport=1000), v.udp(sport=1000))
    assert load(program, v, 11, "dns") == (1, 0)
    go(program, v, v.to_12, v.udp(sport=1001), v.udp(sport=1002))


def test_services_count_by_themselves(program: Program, v: Family) -> None:
    """The limit is one of the real server in each service and family."""
    program.configure(config(limited(A, 1)))
    go(program, v, v.to_11, v.udp(), v.udp(), *opened(v))
    stop(program, v, "reals-full", v.udp(sport=1001), v.tcp(SYN, sport=1001))


def test_changed_limit(program: Program, v: Family) -> None:
    program.configure(config(limited(A, 1)))
    go(program, v, v.to_11, *opened(v, 1000))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1001))
    program.configure(config(limited(A, 3, 2)))
    go(program, v, v.to_11, *opened(v, 1001), *opened(v, 1002))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1003))
    program.configure(config(A))
    go(program, v, v.to_11, *opened(v, 1003), *opened(v, 1004))


def test_flows_of_a_removed_real_count_for_nobody(program: Program, v: Family) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v, 1000))
    go(program, v, v.to_12, *opened(v, 1001))
    program.configure(config(B))
    assert load(program, v, 12) == (1, 0)
    go(program, v, v.to_12, v.tcp(ACK, sport=1000))
    assert load(program, v, 12) == (2, 0)
    program.configure(config(limited(A, 1), B))
    assert load(program, v, 11) == (0, 0)


def test_flows_of_a_place_that_another_real_has(
    program: Program, v: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old flows that are moved, or pushed aside by a SYN, are not counted out of the new real."""
    later = 2  # at the lowest places from the start, since nothing rests any more
    indices = program.applier.installed.real_indices
    monkeypatch.setattr(indices, "_clock", lambda: time.monotonic() + later)
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v, 1000))
    go(program, v, v.to_12, *opened(v, 1001))
    go(program, v, v.to_11, *opened(v, 1002), v.udp(), v.udp())
    places = {real.index for real in program.applier.installed.reals.values()}
    program.configure(config(B))
    later = 4
    program.configure(config(B, C))
    assert {real.index for real in program.applier.installed.reals.values()} == places
    for packet in (v.tcp(ACK, sport=1000), v.tcp(SYN, sport=1002), v.udp()):
        assert program.run(v.head + packet).reason == "forwarded"
        assert program.loads() == program.counted()
    assert sum(sum(load) for load in program.loads().values()) == 4


def test_scheduled_by_weight(program: Program, v: Family) -> None:
    """Who is skipped loses the turn."""
    keys = 'algorithm = "weighted-round-robin"'
    program.configure(config(limited(A, 1) + "\nweight = 2", B, keys=keys))
    go(program, v, v.to_11, *opened(v, 1000))
    go(program, v, v.to_12, *opened(v, 1001), *opened(v, 1002), *opened(v, 1003))


def test_a_light_real_server_behind_a_heavy_one(program: Program, v: Family) -> None:
    """The only one that has room stands once among a hundred turns."""
    heavy = A + "\nweight = 100\nmax_open = 1"
    program.configure(config(heavy, B, keys='algorithm = "weighted-round-robin"'))
    go(program, v, v.to_11, *opened(v, 1000))
    for sport in range(2000, 2100):
        go(program, v, v.to_12, v.tcp(SYN, sport=sport))


def test_a_full_service_takes_its_turns_once(program: Program, v: Family) -> None:
    """Sixteen, an even number: the first one is next again, also behind the short way of new flows,
    which takes the first of them."""
    program.configure(config(limited(A, 1), limited(B, 1)))
    go(program, v, v.to_11, *opened(v, 1001))
    go(program, v, v.to_12, *opened(v, 1002))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1003))
    go(program, v, v.to_11, v.tcp(RST, sport=1001))
    go(program, v, v.to_12, v.tcp(RST, sport=1002))
    go(program, v, v.to_11, v.tcp(SYN, sport=1004))
