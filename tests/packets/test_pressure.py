# SPDX-License-Identifier: Apache-2.0
"""Floods of first packets: a pending table at its rating."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.packets.harness import Program
from tests.packets.steps import (
    ACK,
    FIN_ACK,
    PSH_ACK,
    SYN,
    A,
    B,
    C,
    Family,
    age,
    config,
    go,
    opened,
    stop,
)

RATED, ROOM = 512, 1024
"""Of the pending table, which for 1,000 flows is the smallest there is."""
KEYS = 'pending_timeout = "1h"'


@pytest.fixture(scope="module")
def tiny() -> Iterator[Program]:
    """A program for 1,000 flows."""
    program = Program(capacity=1000)
    yield program
    program.close()


@pytest.fixture
def small(tiny: Program) -> Iterator[Program]:
    """Three real servers, no flows."""
    tiny.reset()
    tiny.configure(config(A, B, C, keys=KEYS))
    yield tiny
    tiny.reset()


def host(v: Family, number: int) -> str:
    """One of many sources."""
    if v.version == 4:
        return f"10.7.{number >> 8}.{number & 255}"
    return f"fd07:0:0:{number:x}::1"


def flood(program: Program, v: Family, first: int, count: int, udp: bool = False) -> list[bytes]:
    """First packets of so many sources: where each went (its Ethernet header).

    The one that finds no room before anybody has met full sets is dropped. That is pressure: its
    repetition goes by hash, and so do all that follow. Whether there is one is chance (the secret).
    """
    found, busy = [], program.reason_counts()["flow-busy"]
    for number in range(first, first + count):
        name = host(v, number)
        sent = v.head + (v.udp(client=name) if udp else v.tcp(SYN, client=name))
        action, frame = program.code_and_frame(sent)
        if action == "drop":
            action, frame = program.code_and_frame(sent)
        assert action == "tx"
        found.append(frame[:14])
    busy = program.reason_counts()["flow-busy"] - busy
    assert busy <= 2, "found full again and again"  # twice if pressure is forgotten meanwhile
    return found


def pending(program: Program, v: Family) -> int:
    return program.tables.counts()[v.pending]


def unrecorded(program: Program, v: Family) -> int:
    return program.flow_events(v.pending)["unrecorded"]


def lost(program: Program, v: Family) -> int:
    """Entries of the pending table that gave way."""
    events = program.flow_events(v.pending)
    return sum(count for name, count in events.items() if name.startswith("replaced-"))


def test_flood_of_syns(small: Program, v: Family) -> None:
    """Below the rating all are recorded; then none, and those that were are still there."""
    before, gone = unrecorded(small, v), lost(small, v)
    flood(small, v, 0, RATED // 8)
    assert pending(small, v) == RATED // 8
    assert unrecorded(small, v) == before
    went = flood(small, v, RATED // 8, 3000)
    full = pending(small, v)
    assert RATED // 4 < full < ROOM  # where exactly is chance: the first to meet full sets
    assert full + unrecorded(small, v) - before == RATED // 8 + 3000
    assert set(went) == {v.to_11, v.to_12, v.to_13}
    flood(small, v, 4000, 1000)
    assert pending(small, v) <= full + 2  # should a second have passed meanwhile
    assert lost(small, v) == gone
    assert small.loads() == small.counted()


def test_handshake_during_a_flood(small: Program, v: Family) -> None:
    """Its ACK makes an unverified flow at the same real server, the next packet with data an open
    one; repeated SYNs go there, too."""
    flood(small, v, 0, 2000)
    before, reached = pending(small, v), set()
    for number in range(5000, 5020):
        name = host(v, number)
        frame = small.run(v.head + v.tcp(SYN, client=name)).frame
        to = frame[:14]
        reached.add(to)
        go(small, v, to, v.tcp(SYN, client=name), v.tcp(ACK, client=name))
        assert small.states()[v.flows].count("unverified") == 1
        go(small, v, to, v.tcp(PSH_ACK, b"GET /", client=name), v.tcp(ACK, client=name))
        assert "unverified" not in small.states()[v.flows]
    assert small.states()[v.flows] == ["data"] * 20
    assert len(reached) == 3
    assert pending(small, v) <= before + 2
    assert small.loads() == small.counted()


def test_handshakes_of_before_a_flood(small: Program, v: Family) -> None:
    """What was pending is completed as ever."""
    names = [host(v, 9000 + n) for n in range(30)]
    went = [small.run(v.head + v.tcp(SYN, client=name)).frame[:14] for name in names]
    assert went[:3] == [v.to_11, v.to_12, v.to_13]
    flood(small, v, 0, 3000)
    there = [small.run(v.head + v.tcp(ACK, client=name)).frame[:14] for name in names]
    assert there == went
    assert small.states()[v.flows] == ["open"] * 30


@pytest.mark.parametrize("udp", [False, True], ids=["tcp", "udp"])
def test_all_real_servers_share_a_flood(small: Program, v: Family, udp: bool) -> None:
    """Also where their number is even."""
    small.configure(config(A, B, keys=KEYS))
    flood(small, v, 0, 2000, udp)
    went = flood(small, v, 4000, 1000, udp)
    assert set(went) == {v.to_11, v.to_12}
    assert 400 < went.count(v.to_11) < 600


def test_open_flows_are_out_of_it(small: Program, v: Family) -> None:
    names = [host(v, 9000 + n) for n in range(30)]
    for name in names:
        for packet in opened(v, client=name):
            small.run(v.head + packet)
    flood(small, v, 0, 3000)
    assert small.states()[v.flows] == ["open"] * 30


def test_port_reuse_during_a_flood(small: Program, v: Family) -> None:
    """SYN and ACK of a connection on used ports meet at one real server, though the SYN is not
    recorded, whichever the hash gives it."""
    names = [host(v, 9000 + n) for n in range(12)]
    for name in names:
        for packet in (*opened(v, client=name), v.tcp(FIN_ACK, client=name)):
            small.run(v.head + packet)
    flood(small, v, 0, 2000)
    for name in names:
        to = small.run(v.head + v.tcp(SYN, client=name)).frame[:14]
        go(small, v, to, v.tcp(ACK, client=name), v.tcp(PSH_ACK, b"GET /", client=name))
    assert small.states()[v.flows] == ["data"] * 12
    assert small.loads() == small.counted()


def test_grace_is_over_after_a_while(small: Program, v: Family) -> None:
    """Segments of no flow are taken up during a flood, and not ten seconds after it."""
    stop(small, v, "no-flow", v.tcp(ACK))
    flood(small, v, 0, 2000)
    assert small.run(v.head + v.tcp(ACK)).reason == "forwarded"
    stamps = small.maps["pressure"].array
    stamps[stamps > 0] -= 100
    stop(small, v, "no-flow", v.tcp(ACK, sport=1001))


def test_flood_that_has_ended(small: Program, v: Family) -> None:
    """A few seconds later SYNs are recorded again, where there is room."""
    flood(small, v, 0, 2000)
    age(small, 1 << 20)
    stamps = small.maps["pressure"].array
    stamps[stamps > 0] -= 30
    before = unrecorded(small, v)
    for number in range(20):
        small.run(v.head + v.tcp(SYN, client=host(v, 5000 + number)))
    assert unrecorded(small, v) == before
    assert small.loads() == small.counted()


def test_flood_of_udp(small: Program, v: Family) -> None:
    """Recorded while there is room at all; each packet of what is not goes to the same real."""
    gone = lost(small, v)
    flood(small, v, 0, 6000, udp=True)
    assert RATED < pending(small, v) <= ROOM
    assert lost(small, v) - gone <= 1
    gone = lost(small, v)
    went = flood(small, v, 7000, 200, udp=True)
    assert set(went) == {v.to_11, v.to_12, v.to_13}
    assert flood(small, v, 7000, 200, udp=True) == went
    assert flood(small, v, 7000, 200, udp=True) == went
    assert lost(small, v) == gone
    assert small.loads() == small.counted()


def test_unrecorded_handshake_counts_twice(small: Program, v: Family) -> None:
    """Its ACK may be forged, so that has to be within the rates, too."""
    rates = "source_flow_rate = 1\nsource_flow_burst = 2"
    small.configure(config(A, B, C, keys=f"{KEYS}\n{rates}"))
    flood(small, v, 0, 2000)
    for number in range(5000, 5010):
        name = host(v, number)
        to = small.run(v.head + v.tcp(SYN, client=name)).frame[:14]
        go(small, v, to, v.tcp(ACK, client=name), v.tcp(PSH_ACK, b"GET /", client=name))
    stop(small, v, "source-rate", v.tcp(SYN, sport=1001, client=host(v, 5009)))
    stop(small, v, "source-rate", v.tcp(ACK, sport=1002, client=host(v, 5009)))
    deny = 'deny = ["10.7.0.0/16", "fd07::/16"]'
    small.configure(config(A, B, C, keys=f"{KEYS}\n{deny}"))
    stop(small, v, "denied", *opened(v, client=host(v, 6000)))


def test_persistent_source_during_a_flood(small: Program, v: Family) -> None:
    """All connections of a source that cannot be recorded meet at one real server."""
    keys = 'pending_timeout = "1h"\npersistence = "1h"'
    small.configure(config(A, B, C, keys=keys))
    flood(small, v, 0, 2000)
    reached = set()
    for number in range(5000, 5012):
        name = host(v, number)
        to = small.run(v.head + v.tcp(SYN, client=name)).frame[:14]
        reached.add(to)
        go(small, v, to, *(v.tcp(SYN, client=name, sport=n) for n in (1001, 1002)))
        go(small, v, to, *(v.tcp(ACK, client=name, sport=n) for n in (1002, 1001, 1000)))
    assert len(reached) > 1
