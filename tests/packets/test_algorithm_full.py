# SPDX-License-Identifier: Apache-2.0
"""Real servers at max_open, with every algorithm: passed over, however many they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.packets.algorithms import ALL, HASHED
from tests.packets.choosing import Clients, real, service
from tests.packets.harness import Program
from tests.packets.steps import ACK, PSH_ACK, SYN, Family, config

MANY = 700
"""More than are searched at once."""
TURNS = ["round-robin", "weighted-round-robin", *HASHED]
"""Algorithms that may have as many."""


@pytest.fixture(params=ALL)
def name(request: pytest.FixtureRequest) -> str:
    """Every algorithm."""
    assert isinstance(request.param, str)
    return request.param


def test_full_ones_are_passed_over(program: Program, v: Family, name: str) -> None:
    """Until they are down to max_open_low."""
    limit = "max_open = 2\nmax_open_low = 0"
    program.configure(service(name, [real(1, 9, limit), real(2), real(3, 9, limit)]))
    clients = Clients(program, v)
    for _ in range(40):
        clients.connect()
    homes = list(clients.homes.values())
    assert (homes.count(1), homes.count(3)) == (2, 2)
    first, second = (number for number, home in clients.homes.items() if home == 1)
    clients.close(first)
    assert 1 not in clients.many(20)
    clients.close(second)
    assert 1 in clients.many(60)


def test_none_has_room(program: Program, v: Family, name: str) -> None:
    program.configure(service(name, [real(n, n, "max_open = 1") for n in (1, 2, 3)]))
    clients = Clients(program, v)
    assert {clients.connect() for _ in range(3)} == {1, 2, 3}
    assert clients.many(3) == ["reals-full"] * 3
    clients.close(2)
    home = clients.send(2, SYN)
    assert home in (1, 2, 3)
    assert clients.new() == home  # a handshake does not fill it


@contextmanager
def filled(program: Program, *but: str) -> Iterator[None]:
    """Every real server has as many connections as it may have, but these."""
    loads, reals = program.maps["loads"].array, program.applier.installed.reals
    places = [real.index for name, real in reals.items() if str(name.address) not in but]
    loads["open"][places] = 1
    yield
    loads["open"][places] = 0
    loads["full"][places] = 0


@pytest.mark.parametrize("name", TURNS)
def test_one_of_many_has_room(program: Program, v: Family, name: str) -> None:
    """It is found, wherever it stands, by turns that come to it and by such that do not."""
    names = {n: (f"10.4.{n >> 8}.{n & 255}", f"fd04::{n:x}") for n in range(1, MANY + 1)}
    reals = [
        f'address = ["{four}", "{six}"]\nweight = {1 + n % 3}\nmax_open = 1'
        for n, (four, six) in names.items()
    ]
    program.configure(config(*reals, keys=f'algorithm = "{name}"'))
    for only in (1, 6, 333, 512, 513, MANY):
        with filled(program, *names[only]):
            for sport in range(1000, 1010):
                got = program.run(v.head + v.tcp(SYN, sport=sport))
                assert int.from_bytes(got.frame[4:6], "big") == only  # of the MAC address
        program.forget_flows()
    with filled(program):
        assert program.run(v.head + v.tcp(SYN, sport=2000)).reason == "reals-full"


@pytest.mark.parametrize("name", HASHED)
def test_a_hash_needs_no_room_for_its_flows(program: Program, v: Family, name: str) -> None:
    """With tables in which nothing can be written every packet still finds its real server."""
    program.configure(service(name, map(real, (1, 2, 3, 4))))
    clients = Clients(program, v)
    before = clients.many(20)
    program.forget_flows()
    with program.tables.busy():
        for flags, data in ((SYN, b""), (ACK, b""), (PSH_ACK, b"GET /")):
            assert [clients.send(number, flags, data) for number in range(1, 21)] == before
    assert program.loads() == {}
