# SPDX-License-Identifier: Apache-2.0
"""What a CPU knows of open flows by heart (flow_cache.h): that it is used, and until when."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import count

import numpy as np
import numpy.typing as npt
import pytest

from dsrlb.control.desired.contents import Resolution
from dsrlb.dataplane.flowhash import key_hash
from dsrlb.dataplane.keys import address_bytes
from tests.packets import cases as l3dsr
from tests.packets.cached import are_good, copies, drop_all, good, lose, on_cpu
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.steps import (
    ACK,
    FIN_ACK,
    PSH_ACK,
    RST,
    SYN,
    A,
    B,
    Family,
    config,
    go,
    opened,
    states,
    stop,
    tick,
)

TOUCH = 8
"""TICKS_PER_TOUCH."""
WORD = (1 << 64) - 1


@pytest.fixture(autouse=True)
def on_one_cpu() -> Iterator[None]:
    """What one CPU knows another one does not."""
    with on_cpu(min(os.sched_getaffinity(0))):
        yield


@pytest.fixture
def known(program: Program, v: Family) -> Program:
    """An open flow, which the CPU knows by heart."""
    program.configure(config(A))
    go(program, v, v.to_11, *opened(v), v.tcp(ACK))
    assert good(program, v.version) == 1
    return program


def _cache_set(words: list[int], secret: npt.NDArray[np.uint64], sets: int) -> int:
    """cache_set() of flow_cache.h."""
    factor = [int(number) | 1 for number in secret]
    total = words[0] * factor[0] + words[1] * factor[1]
    if len(words) > 2:
        total += (words[2] ^ words[4]) * factor[2] + words[3] * factor[3]
    total &= WORD
    total ^= total >> 32
    return (total * 0xD6E8FEB86659FD93 & WORD) >> 32 & (sets - 1)


def _words(v: Family, sport: int, client: str = "") -> list[int]:
    """The key of a client's segment."""
    ends = (address_bytes(ip_address(address)) for address in (client or v.client, v.vip))
    packed = b"".join(end[-4:] if v.version == 4 else end for end in ends)
    packed += sport.to_bytes(2, "big") + (80).to_bytes(2, "big") + bytes([6, 0, 0, 0])
    return [int.from_bytes(packed[at : at + 8], "little") for at in range(0, len(packed), 8)]


def _of_set(program: Program, v: Family, wanted: int, sets: int) -> tuple[str, int]:
    """A client and its port whose connection's first set in the main table is this one."""
    secret = program.maps["flow_settings"].array["secret"][0]
    ports = range(1024, 11024)
    for number in count(1):
        client = str(ip_address(v.client) + number)
        words = np.array([_words(v, port, client) for port in ports], np.uint64)
        value, _ = key_hash(words, secret)
        first = value.astype(np.uint64) * np.uint64(sets) >> np.uint64(32)
        for place in np.flatnonzero(first == wanted):
            return client, ports[place]
    raise AssertionError("count() has no end")


def test_what_is_known_is_not_looked_up(known: Program, v: Family) -> None:
    lose(known, v)
    go(known, v, v.to_11, v.tcp(ACK), v.tcp(ACK))
    known.tables.forget_copies()
    stop(known, v, "no-flow", v.tcp(ACK))


def test_a_datagrams_flow_is_known(program: Program, v: Family) -> None:
    program.configure(config(A))
    padded = v.udp() + bytes(20)
    go(program, v, v.to_11, padded, padded, padded)
    assert good(program, v.version) == 1
    lose(program, v)
    go(program, v, v.to_11, padded)
    assert states(program) == {}


def test_another_key_is_another_flow(known: Program, v: Family) -> None:
    """Each part of the key counts: none of these is the one that is known."""
    lose(known, v)
    other = "10.1.0.2" if v.version == 4 else "fd01::2"
    stop(known, v, "no-flow", v.tcp(ACK, sport=1001), v.tcp(ACK, client=other))
    stop(known, v, "no-service", v.tcp(ACK, dport=81))
    go(known, v, v.to_11, v.udp(sport=1000))
    assert states(known) == {f"pending{v.version}": ["pending"]}


def test_it_is_known_until_it_is_due(known: Program, v: Family) -> None:
    """The flow has to be touched once a second."""
    due = copies(known, v.version)["due"]
    assert 0 < int(due.max()) - tick() <= TOUCH
    due[due != 0] = tick() - 1
    lose(known, v)
    stop(known, v, "no-flow", v.tcp(ACK))


def test_it_is_touched_when_it_is_due(known: Program, v: Family) -> None:
    (before,) = [entry.meta >> 32 for entry in known.tables.entries()]
    known.tables.age(TOUCH)
    (aged,) = [entry.meta >> 32 for entry in known.tables.entries()]
    assert aged == before - TOUCH
    go(known, v, v.to_11, v.tcp(ACK))
    (after,) = [entry.meta >> 32 for entry in known.tables.entries()]
    assert after >= before
    assert good(known, v.version) == 1


def test_the_shortest_timeout(program: Program, v: Family) -> None:
    """A second: a flow that has packets lives on, and without any no longer than that."""
    program.configure(config(A, keys='idle_timeout = "1s"'))
    go(program, v, v.to_11, *opened(v), v.tcp(ACK))
    (expires,) = [entry.meta >> 32 for entry in program.tables.entries()]
    assert int(copies(program, v.version)["due"].max()) <= expires
    for _ in range(6):
        program.tables.age(5)
        go(program, v, v.to_11, v.tcp(ACK))
    program.tables.age(9)
    stop(program, v, "no-flow", v.tcp(ACK))


def test_data_on_a_flow_without(known: Program, v: Family) -> None:
    """It is known as a flow without data, which this packet does not leave as it is."""
    go(known, v, v.to_11, v.tcp(PSH_ACK, b"GET"))
    assert states(known) == {f"flows{v.version}": ["data"]}
    go(known, v, v.to_11, v.tcp(PSH_ACK, b"GET"), v.tcp(ACK))
    assert states(known) == {f"flows{v.version}": ["data"]}


@pytest.mark.parametrize(("flags", "state"), [(FIN_ACK, "closing"), (RST, "reset")])
def test_the_client_ends_it(known: Program, v: Family, flags: int, state: str) -> None:
    go(known, v, v.to_11, v.tcp(flags))
    assert states(known) == {f"flows{v.version}": [state]}
    assert good(known, v.version) == 0
    go(known, v, v.to_11, v.tcp(ACK))
    assert states(known) == {f"flows{v.version}": ["closing" if flags == FIN_ACK else "open"]}


def test_the_operator_ends_it(known: Program, v: Family) -> None:
    drop_all(known, v.version)
    assert good(known, v.version) == 0
    stop(known, v, "no-flow", v.tcp(ACK))


def test_on_all_cpus(program: Program, v: Family) -> None:
    """Whoever ends the flow: no CPU goes on with it."""
    program.configure(config(A))
    cpus = range(os.cpu_count() or 1)
    assert len(cpus) > 1, "this needs two processors"
    go(program, v, v.to_11, *opened(v))
    for cpu in cpus:
        with on_cpu(cpu):
            go(program, v, v.to_11, v.tcp(ACK))
    assert good(program, v.version) == len(cpus)
    drop_all(program, v.version)
    for cpu in cpus:
        with on_cpu(cpu):
            stop(program, v, "no-flow", v.tcp(ACK))


def test_its_place_is_given_to_another(known: Program, v: Family) -> None:
    """In a table full of flows that have carried data, but for this one, by a flow of its set."""
    sets = known.tables.sets[v.version]
    main = sets[: int(known.maps["flow_settings"].array["flow_sets"][0]), :4]
    ((own, _),) = np.argwhere(main)
    main[main == 0] = np.uint64(tick() + 5000) << np.uint64(32) | np.uint64(8)
    other, port = _of_set(known, v, own, len(main))
    go(known, v, v.to_11, *opened(v, port, client=other))
    assert good(known, v.version) == 0
    stop(known, v, "no-flow", v.tcp(ACK))


def test_the_real_server_changes(known: Program, v: Family) -> None:
    """Its MAC address is looked up for every packet; and another one in its place is not it."""
    known.configure(config(B))
    go(known, v, v.to_12, v.tcp(ACK))
    assert states(known) == {f"flows{v.version}": ["open"]}


def test_a_flow_that_has_moved(program: Program, v: Family) -> None:
    """Its real server was away for a moment, and it has another one since."""
    found = {v.real(11): Resolution(mac_of(v.real(11)).hex(":"), LINK, False)}
    padded = v.udp() + bytes(20)
    program.configure(config(A, B))
    go(program, v, v.to_11, padded, padded, padded)
    program.configure(config(A, B), found)
    go(program, v, v.to_12, padded)
    program.configure(config(A, B))
    go(program, v, v.to_12, padded, padded)


def test_the_hash_is_known(program: Program, v: Family) -> None:
    """By which a tunnel's outer source port is chosen: all packets of a flow have one."""
    program.configure(l3dsr.CONFIG, l3dsr.RESOLUTIONS)
    at = 34 if v.version == 4 else 54
    seen = []
    for port in (1000, 1001):
        sent = [v.tcp(flags, sport=port, dport=102) for flags in (SYN, ACK, ACK, ACK)]
        got = [program.run(v.head + packet) for packet in sent]
        assert {outcome.reason for outcome in got} == {"forwarded"}
        assert {outcome.frame[at + 2 : at + 4] for outcome in got} == {(6080).to_bytes(2, "big")}
        seen.append({outcome.frame[at : at + 2] for outcome in got})
    assert good(program, v.version) == 2
    assert len(seen[0]) == len(seen[1]) == 1
    assert seen[0] != seen[1]


def test_more_flows_than_a_set_has_room_for(program: Program, v: Family) -> None:
    """Two are known, and all go where they belong."""
    program.configure(config(A, B))
    secret = program.maps["flow_settings"].array["secret"][0]
    sets = program.dataplane.artifact.constants[f"CACHE_SETS{v.version}"]
    by_set: dict[int, list[int]] = {}
    for port in range(1024, 65536):
        by_set.setdefault(_cache_set(_words(v, port), secret, sets), []).append(port)
    crowd = max(by_set.values(), key=len)[:3]
    assert len(crowd) == 3
    homes = {port: v.to_12 if place % 2 else v.to_11 for place, port in enumerate(crowd)}
    for port, to in homes.items():
        go(program, v, to, v.tcp(SYN, sport=port))
    for _ in range(20):
        for port, to in homes.items():
            go(program, v, to, v.tcp(ACK, sport=port))
    assert good(program, v.version) == 2
    (place,) = np.flatnonzero(are_good(program, v.version).any(axis=1))
    row = copies(program, v.version)[place]
    seen: set[int] = set()
    begun = tick()
    while len(seen) < len(crowd):  # every 64 ms each has a chance
        assert tick() - begun < 500
        row["due"] = tick() + 5
        for port, to in homes.items():
            go(program, v, to, v.tcp(ACK, sport=port))
        seen |= set(row["hash"].tolist())
    lose(program, v)
    sent = [v.head + v.tcp(ACK, sport=port) for port in crowd]
    assert Counter(program.run(frame).reason for frame in sent) == {
        "forwarded": 2,
        "no-flow": len(crowd) - 2,
    }
