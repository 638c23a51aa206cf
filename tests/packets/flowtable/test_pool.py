# SPDX-License-Identifier: Apache-2.0
"""Ports of a pool, given out by two CPUs at once, until there are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial

import numpy as np
import pytest

from dsrlb.dataplane.flowhash import key_hash
from tests.packets.cases.one_arm.exhausted import SINGLES
from tests.packets.evidence import check
from tests.packets.flowtable.drivers import together
from tests.packets.flowtable.pool import (
    ACK,
    ANSWER,
    FIN_ACK,
    PORTS,
    QUERY,
    REPLY,
    SYN,
    SYN_ACK,
    Pool,
)
from tests.packets.flowtable.scan import faults

CAPACITY = 400_000
OPENED = {"tcp": (SYN, SYN_ACK, ACK), "udp": (QUERY, ANSWER)}


@pytest.fixture(scope="module", params=[(4, "tcp"), (6, "udp")], ids=["ipv4-tcp", "ipv6-udp"])
def loaded(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """One address of the pool."""
    with closing(Pool(CAPACITY, *request.param)) as found:
        yield found


@pytest.fixture
def pool(loaded: Pool) -> Pool:
    """Without flows."""
    loaded.clear()
    return loaded


def on_two_cpus(pool: Pool, kinds: tuple[int, ...], first: int, count: int) -> Mapping[str, int]:
    """Half of the clients on each CPU."""
    half = count // 2
    ends = together(
        partial(pool.send, kinds, first, half), partial(pool.send, kinds, first + half, half)
    )
    return dict(sum((Counter(end) for end in ends), Counter()))


def no_port_twice(pool: Pool) -> int:
    """The number of flows; each has a port of its own."""
    tuples = pool.tuples()
    assert len(np.unique(tuples)) == len(tuples)
    assert int((tuples & np.uint64(0xFFFF)).min()) >= 1024
    return len(tuples)


def test_two_cpus_share_no_port(pool: Pool) -> None:
    """Each has half of the clients; few ports are left in the end."""
    kinds = OPENED[pool.protocol]
    for first in range(0, 50_000, 10_000):
        got = on_two_cpus(pool, kinds, first, 10_000)
        assert got.get("refused", 0) == 0
        assert got["replied"] == 10_000
        assert got.get("wrong", 0) + got.get("moved", 0) == 0
        assert no_port_twice(pool) == first + 10_000
    assert faults(pool.table) == []


def test_one_flow_on_two_cpus_has_one_port(pool: Pool) -> None:
    """The first two packets of a client at the same moment."""
    first = OPENED[pool.protocol][0]
    for start in range(0, 40_000, 4_000):
        pool.start_shared()
        send = partial(pool.send, (first, first), start, 4_000, shared=True, turns=4_000)
        for got in together(send, send):
            assert got["moved"] == 0
    assert no_port_twice(pool) == 40_000
    assert faults(pool.table) == []
    assert set(pool.reasons()) <= {"forwarded", "flow-busy"}


def test_exhausted(pool: Pool) -> None:
    """More open flows than ports: counted, and none is given twice. A few ports are not found."""
    kinds = OPENED[pool.protocol]
    pool.send(kinds, 0, 80_000)
    flows = no_port_twice(pool)
    assert faults(pool.table) == []
    assert 0.95 * PORTS < flows <= PORTS
    assert pool.exhausted() == 80_000 - flows
    (case,) = (case for case in SINGLES if case.sent[12:14] == pool.kind)
    check(case.id, case.sent, case.outcome, pool.run(case.sent))
    assert no_port_twice(pool) == flows


def test_exhausted_on_two_cpus(pool: Pool) -> None:
    """Hardly a handshake loses its port to the other CPU's, as the only pending one there is."""
    kinds = OPENED[pool.protocol]
    total: Counter[str] = Counter()
    for first in range(0, 80_000, 8_000):
        total += Counter(on_two_cpus(pool, kinds, first, 8_000))
        no_port_twice(pool)
    assert faults(pool.table) == []
    assert len(pool.flows()) > 0.95 * PORTS
    assert total["wrong"] + total["moved"] < 50


def test_pending_flows_give_their_ports_away(pool: Pool) -> None:
    """On two CPUs: the pool is not exhausted as long as there are some."""
    kinds = OPENED[pool.protocol]
    assert on_two_cpus(pool, kinds, 0, 48_000).get("refused", 0) == 0
    got = on_two_cpus(pool, kinds[:1], 48_000, 40_000)
    assert set(pool.reasons()) <= {"forwarded", "forwarded-reply", "flow-busy"}
    assert got["forwarded"] > 39_980
    no_port_twice(pool)


def _in_step(pool: Pool, count: int) -> list[bytes]:
    """First packets of clients whose flows' steps through the hash's numbers come round nearly to
    where they began, after fewer than 17 of them: 25 in a million do."""
    template = pool.template(request=True)
    at = 14 + (12 if pool.family == 4 else 8)  # of the addresses
    size = 4 if pool.family == 4 else 16
    key = bytearray(template[at : at + 2 * size + 4] + bytes([6 if pool.protocol == "tcp" else 17]))
    key += bytes(-len(key) % 8)
    ports = np.arange(1024, 65536, dtype=">u2")
    secret = pool.table.settings["secret"]
    found: list[bytes] = []
    for number in range(1, 256):
        key[size - 2] = number
        keys = np.tile(np.frombuffer(key, np.uint8), (len(ports), 1))
        keys[:, 2 * size : 2 * size + 2] = ports.view(np.uint8).reshape(-1, 2)
        _, step = key_hash(keys.view("<u8"), secret)
        laps = np.arange(8, 17, dtype=np.uint32)[:, None] * (step | 1)
        for place in np.flatnonzero((np.abs(laps.view(np.int32)) < 6_000).any(axis=0)):
            frame = bytearray(template)
            frame[at : at + 2 * size + 4] = keys[place, : 2 * size + 4].tobytes()
            if pool.protocol == "tcp":
                frame[at + 2 * size + 13] = SYN
            found.append(bytes(frame))
        if len(found) >= count:
            return found[:count]
    raise AssertionError(f"only {len(found)} of such clients")


def test_each_try_is_another_port(pool: Pool) -> None:
    """Nine of ten ports are taken: among 128 tries there is a free one. Of flows that meet the same
    dozen of ports again and again, every fourth would find none."""
    on_two_cpus(pool, OPENED[pool.protocol], 0, 58_000)
    assert no_port_twice(pool) == 58_000
    assert {pool.run(frame).reason for frame in _in_step(pool, 20)} == {"forwarded"}


def test_ports_come_back(pool: Pool) -> None:
    """Of flows that have ended."""
    kinds = OPENED[pool.protocol]
    on_two_cpus(pool, kinds, 0, 80_000)
    pool.table.sets[::2, :4] = 0
    pool.table.forget_copies()
    before = len(pool.flows())
    got = on_two_cpus(pool, kinds[:1], 80_000, 10_000)
    assert got.get("refused", 0) == 0
    assert before < PORTS * 0.6


def test_the_oldest_pending_flow_gives_way(pool: Pool) -> None:
    """Nobody is refused."""
    first = OPENED[pool.protocol][0]
    old, young, new = 40_000, 24_000, 20_000
    assert pool.send((first,), 0, old)["forwarded"] == old
    metas = pool.table.sets[:, :4]
    metas[(metas & np.uint64(15)) != 0] -= np.uint64(100 << 32)
    sent = pool.send((first,), old, young)["forwarded"]
    sent += pool.send((first,), old + young, new)["forwarded"]
    assert sent == young + new, pool.reasons()
    there = pool.clients()
    assert np.count_nonzero(np.isin(np.arange(old, old + young + new), there)) == sent
    assert 0 < np.count_nonzero(there < old) < old
    assert pool.exhausted() == 0
    no_port_twice(pool)


def test_open_flows_keep_their_ports(pool: Pool) -> None:
    """However many come: the replies of all of them still reach their clients."""
    kinds = OPENED[pool.protocol]
    assert pool.send(kinds, 0, 30_000)["replied"] == 30_000
    pool.send(kinds[:1], 30_000, 60_000)
    got = pool.send((REPLY | ACK,), 0, 30_000)
    assert (got["replied"], got["wrong"]) == (30_000, 0)
    if pool.protocol == "tcp":
        assert pool.send((FIN_ACK,), 0, 30_000)["moved"] == 0
