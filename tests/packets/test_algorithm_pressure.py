# SPDX-License-Identifier: Apache-2.0
"""A pending table at its rating, with every algorithm: what cannot be recorded goes by hash, so
that SYN and ACK meet, and real servers have their shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.packets.algorithms import ALL, HASHED
from tests.packets.choosing import Clients, real, service
from tests.packets.harness import Program
from tests.packets.steps import ACK, PSH_ACK, Family

WEIGHTS = {11: 1, 12: 2, 13: 5}
WEIGHTED = {"weighted-round-robin", "weighted-least-connection", *HASHED}


@pytest.fixture(scope="module")
def tiny() -> Iterator[Program]:
    """A program for 1,000 flows."""
    program = Program(capacity=1000)
    yield program
    program.close()


@pytest.fixture
def small(tiny: Program) -> Iterator[Program]:
    """The same without flows."""
    tiny.reset()
    yield tiny
    tiny.reset()


@pytest.mark.parametrize("name", ALL)
def test_flood(small: Program, v: Family, name: str) -> None:
    """Nothing is refused but the SYN that finds the table full, which a hash needs no entry for;
    handshakes complete where they began. A share's standard deviation is 19 of 1,600: by chance
    120 are missed once in 1e9; who heeds no weights misses by 300."""
    reals = [real(number, weight) for number, weight in WEIGHTS.items()]
    small.configure(service(name, reals, 'pending_timeout = "1h"'))
    clients = Clients(small, v)
    flood = clients.many(2500)
    assert flood.count("flow-busy") <= (0 if name in HASHED else 2)
    went = Counter(clients.many(1600))
    assert set(went) == set(WEIGHTS)
    shares = WEIGHTS if name in WEIGHTED else dict.fromkeys(WEIGHTS, 1)
    for number, share in shares.items():
        assert abs(went[number] - 1600 * share / sum(shares.values())) < 120
    for _ in range(30):
        clients.connect()
    for number, home in clients.homes.items():
        assert clients.send(number, PSH_ACK, b"GET /") == home
        assert clients.send(number, ACK) == home
    assert small.states()[v.flows] == ["data"] * 30
    assert small.loads() == small.counted()
    assert small.flow_events(v.pending)["unrecorded"] > 1600
