# SPDX-License-Identifier: Apache-2.0
"""persistence and persistence_group: the flows of a source go to one real server."""

from __future__ import annotations

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.steps import (
    ACK,
    FIN_ACK,
    PENDING,
    SYN,
    A,
    B,
    C,
    Family,
    age,
    config,
    go,
    opened,
    states,
    stop,
    tick,
)

HOUR = 26823
"""Ticks of 2^27 ns, rounded up."""
KEYS = 'persistence = "1h"'


def other(v: Family, number: int = 2) -> str:
    """Another source."""
    return f"10.1.0.{number}" if v.version == 4 else f"fd01::{number}"


def kept(program: Program) -> list[tuple[str, int]]:
    """Table of each source's entry, and ticks until it ends."""
    found = [entry for entry in program.tables.entries() if entry.state == "source"]
    return sorted((entry.table, (entry.meta >> 32) - tick()) for entry in found)


def about(got: list[tuple[str, int]], *expected: tuple[str, int]) -> bool:
    """The same, but for a few ticks."""
    return [name for name, _ in got] == [name for name, _ in expected] and all(
        -3 <= left - wanted <= 3 for (_, left), (_, wanted) in zip(got, expected, strict=True)
    )


def test_one_source_one_real(program: Program, v: Family) -> None:
    """The others are scheduled by the algorithm, and the source's flows take no turn."""
    program.configure(config(A, B, C, keys=KEYS))
    go(program, v, v.to_11, *opened(v, 1000), *opened(v, 1001), *opened(v, 1002))
    go(program, v, v.to_12, *opened(v, 1000, client=other(v)), v.tcp(SYN, client=other(v)))
    go(program, v, v.to_13, *opened(v, 1000, client=other(v, 3)))
    go(program, v, v.to_11, *opened(v, 1003))
    go(program, v, v.to_12, *opened(v, 1001, client=other(v)))


def test_parallel_handshakes(program: Program, v: Family) -> None:
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, *(v.tcp(SYN, sport=n) for n in (1000, 1001, 1002)))
    go(program, v, v.to_11, *(v.tcp(ACK, sport=n) for n in (1002, 1000, 1001)))


def test_entry_begins_as_pending(program: Program, v: Family) -> None:
    """A forged SYN leaves it for no longer than pending_timeout, and not in the main table."""
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, v.tcp(SYN))
    assert states(program) == {v.pending: ["pending", "source"]}
    assert about(kept(program), (v.pending, PENDING))
    age(program, PENDING + 1)
    go(program, v, v.to_12, v.tcp(SYN))


def test_entry_moves_with_the_first_completed_flow(program: Program, v: Family) -> None:
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, v.tcp(SYN))
    age(program, PENDING // 2)
    go(program, v, v.to_11, v.tcp(ACK))
    assert states(program)[v.flows] == ["open", "source"]
    left = PENDING - PENDING // 2  # of what the pending table still has, and nobody asks
    assert about(kept(program), (v.flows, HOUR), (v.pending, left))
    age(program, PENDING + 1)
    go(program, v, v.to_11, v.tcp(SYN, sport=1001))


def test_new_flows_renew_it(program: Program, v: Family) -> None:
    """Packets of flows that are there do not."""
    program.configure(config(A, B, keys=KEYS + '\nidle_timeout = "1d"'))
    go(program, v, v.to_11, *opened(v))
    age(program, HOUR - 100)
    go(program, v, v.to_11, v.tcp(SYN, sport=1001))
    assert about(kept(program)[:1], (v.flows, HOUR))
    age(program, HOUR - 100)
    go(program, v, v.to_11, v.tcp(ACK))
    assert about(kept(program)[:1], (v.flows, 100))
    age(program, 101)
    go(program, v, v.to_12, v.tcp(SYN, sport=1002))
    go(program, v, v.to_11, v.tcp(ACK))


def test_it_outlasts_the_flows(program: Program, v: Family) -> None:
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, *opened(v), v.tcp(FIN_ACK))
    age(program, HOUR - 5)
    go(program, v, v.to_11, *opened(v))


def unusable(program: Program, how: str) -> None:
    """Real server 11 gets no new flows."""
    found = {
        address: Resolution(mac_of(address).hex(":"), LINK, how != "away")
        for address in ("10.0.0.11", "fd00::11")
    }
    first = {"weight": [A + "\nweight = 0"], "away": [A], "removed": []}[how]
    program.configure(config(*first, B, C, keys=KEYS), found)


@pytest.mark.parametrize("how", ["weight", "away", "removed"])
def test_another_real_is_chosen_and_kept(program: Program, v: Family, how: str) -> None:
    program.configure(config(A, B, C, keys=KEYS))
    go(program, v, v.to_11, *opened(v))
    age(program, PENDING + 1)
    unusable(program, how)
    first = program.run(v.head + v.tcp(SYN, sport=1001))
    to = first.frame[:14]
    assert to in (v.to_12, v.to_13)
    go(program, v, to, v.tcp(ACK, sport=1001), *opened(v, 1002))
    program.configure(config(A, B, C, keys=KEYS))
    go(program, v, to, *opened(v, 1003))


def test_another_real_is_not_kept_for_a_handshake_alone(program: Program, v: Family) -> None:
    """Only a completed flow moves the source."""
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, *opened(v))
    unusable(program, "weight")
    to = program.run(v.head + v.tcp(SYN, sport=1001)).frame[:14]
    go(program, v, to, v.tcp(SYN, sport=1002))
    program.configure(config(A, B, C, keys=KEYS))
    go(program, v, v.to_11, v.tcp(SYN, sport=1003))


def test_full_real(program: Program, v: Family) -> None:
    """A source does not get beyond max_open either."""
    program.configure(config(A + "\nmax_open = 1", B, keys=KEYS))
    go(program, v, v.to_11, *opened(v))
    go(program, v, v.to_12, *opened(v, 1001), *opened(v, 1002))


def test_nobody_else(program: Program, v: Family) -> None:
    program.configure(config(A, keys=KEYS))
    go(program, v, v.to_11, *opened(v))
    program.configure(config(A + "\nweight = 0", keys=KEYS))
    stop(program, v, "no-real", v.tcp(SYN, sport=1001))
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, *opened(v, 1002))


def test_udp(program: Program, v: Family) -> None:
    head, _, tail = config(A, B).rpartition("group =")
    program.configure(f"{head}{KEYS}\ngroup ={tail}")
    go(program, v, v.to_11, v.udp(sport=1000), v.udp(sport=1001))
    assert states(program) == {v.pending: ["pending", "pending", "source"]}
    go(program, v, v.to_11, v.udp(sport=1000))
    assert states(program)[v.flows] == ["source", "udp"]
    go(program, v, v.to_12, v.udp(client=other(v)))
    go(program, v, v.to_11, v.udp(sport=1002))


def test_switched_off_and_on(program: Program, v: Family) -> None:
    """What is remembered is used again if it has not expired."""
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, *opened(v))
    program.configure(config(A, B))
    go(program, v, v.to_12, v.tcp(SYN, sport=1001))
    go(program, v, v.to_11, v.tcp(SYN, sport=1002))
    program.configure(config(A, B, keys=KEYS))
    go(program, v, v.to_11, v.tcp(SYN, sport=1003))


def test_services_have_sources_of_their_own(program: Program, v: Family) -> None:
    """Without a group."""
    more = SHOP.replace('persistence_group = "shop"', "")
    program.configure(config(A, B, keys=KEYS, more=more))
    go(program, v, v.to_11, *opened(v))
    go(program, v, v.to_12, v.tcp(SYN, dport=443))


SHOP = """
[[service]]
name = "tls"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 443
mode = "l2dsr"
persistence = "1h"
persistence_group = "shop"
real = [
    { address = ["10.0.0.12", "fd00::12"] },
    { address = ["10.0.0.11", "fd00::11"] },
]
"""
"""The same real servers as A, B, in the other order."""
GROUPED = KEYS + '\npersistence_group = "shop"'


def test_group(program: Program, v: Family) -> None:
    """Ports 80 and 443 send a source to the same address; who came to 443 first as well."""
    program.configure(config(A, B, keys=GROUPED, more=SHOP))
    go(program, v, v.to_11, *opened(v))
    go(program, v, v.to_11, *opened(v, 1001), v.tcp(SYN, dport=443))
    go(program, v, v.to_11, v.tcp(ACK, dport=443), v.tcp(SYN, dport=443, sport=1002))
    go(program, v, v.to_12, v.tcp(SYN, dport=443, client=other(v)))
    go(program, v, v.to_12, v.tcp(SYN, client=other(v)), v.tcp(ACK, client=other(v)))
    go(program, v, v.to_12, v.tcp(SYN, dport=443, sport=1001, client=other(v)))
    go(program, v, v.to_11, v.tcp(SYN, sport=1005), v.tcp(SYN, dport=443, sport=1005))
    assert len([1 for table, _ in kept(program) if table == v.flows]) == 2


def test_group_while_handshakes_last(program: Program, v: Family) -> None:
    program.configure(config(A, B, keys=GROUPED, more=SHOP))
    go(program, v, v.to_11, v.tcp(SYN), v.tcp(SYN, dport=443), v.tcp(ACK, dport=443), v.tcp(ACK))


def test_group_whose_real_is_unusable_in_one_service(program: Program, v: Family) -> None:
    """The whole source moves with the first flow that cannot go there."""
    program.configure(config(A, B, keys=GROUPED, more=SHOP))
    go(program, v, v.to_11, *opened(v))
    drained = SHOP.replace('"fd00::11"]', '"fd00::11"], weight = 0')
    program.configure(config(A, B, keys=GROUPED, more=drained))
    go(program, v, v.to_12, v.tcp(SYN, dport=443), v.tcp(ACK, dport=443))
    go(program, v, v.to_12, *opened(v, 1001))
