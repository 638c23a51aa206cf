# SPDX-License-Identifier: Apache-2.0
"""least-connection, weighted-least-connection and adaptive: whoever has the least gets the next."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.packets.choosing import Clients, opened, real, service
from tests.packets.harness import Program
from tests.packets.steps import ACK, PSH_ACK, SYN, V4, Family

NUMBERS = range(1, 6)


def live(program: Program, v: Family, seed: int, weights: dict[int, int], steps: int) -> Clients:
    """Connections come and go; each goes to where the fewest are for each unit of weight."""
    pick, clients = random.Random(seed), Clients(program, v)
    for _ in range(steps):
        if clients.homes and pick.random() < 0.45:
            clients.close(pick.choice(list(clients.homes)))
            continue
        before = opened(program, v)
        went = clients.connect()
        least = min(Fraction(has, weights[number]) for number, has in before.items())
        assert Fraction(before[went], weights[went]) == least, (went, before)
    return clients


def test_least_connection(program: Program, v: Family) -> None:
    """At every choice it is one with the fewest: nobody has one more than that."""
    program.configure(service("least-connection", map(real, NUMBERS)))
    live(program, v, 1, dict.fromkeys(NUMBERS, 1), 600)


def test_weighted_least_connection(program: Program, v: Family) -> None:
    weights = {1: 1, 2: 2, 3: 3, 4: 10, 5: 7}
    reals = [real(number, weight) for number, weight in weights.items()]
    program.configure(service("weighted-least-connection", reals))
    live(program, v, 2, weights, 600)


def test_connections_that_only_come_are_level(program: Program, v: Family) -> None:
    """By weight: each has its share, to less than one connection and the rounding of the share."""
    weights = {1: 1, 2: 2, 3: 3, 4: 10}
    reals = [real(number, weight) for number, weight in weights.items()]
    program.configure(service("weighted-least-connection", reals))
    clients = Clients(program, v)
    for count in range(1, 161):
        clients.connect()
        for number, has in opened(program, v).items():
            share = Fraction(count * weights[number], sum(weights.values()))
            assert abs(has - share) <= 1 + Fraction(weights[number], 2)
    assert opened(program, v) == {number: 10 * weight for number, weight in weights.items()}


@pytest.mark.parametrize(
    "name", ["least-connection", "weighted-least-connection", "adaptive", "fastest-response-time"]
)
def test_equal_ones_take_turns(program: Program, v: Family, name: str) -> None:
    """SYNs alone open nothing (adaptive: they count): behind the one chosen last the next."""
    program.configure(service(name, map(real, NUMBERS)))
    assert Clients(program, v).many(12) == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]


def test_ties_of_some(program: Program) -> None:
    """Of 1 and 3, with a connection each, and 2, 4 and 5 without: 2 4 5 in turn, from 4 on."""
    program.configure(service("least-connection", map(real, NUMBERS)))
    clients = Clients(program, V4)
    went = [clients.connect() for _ in range(3)]
    assert went == [1, 2, 3]
    clients.close(2)
    assert clients.many(5) == [4, 5, 2, 4, 5]


def test_pending_ones_count_with_adaptive(program: Program, v: Family) -> None:
    """Handshakes that nobody completes fill a real server as connections do."""
    program.configure(service("adaptive", map(real, (1, 2, 3))))
    clients = Clients(program, v)
    assert clients.many(2) == [1, 2]
    assert clients.connect() == 3
    clients.close(3)
    assert clients.many(4) == [3, 1, 2, 3]


def test_pending_ones_do_not_without(program: Program, v: Family) -> None:
    program.configure(service("least-connection", map(real, (1, 2))))
    clients = Clients(program, v)
    assert clients.connect() == 1
    assert clients.many(4) == [2, 2, 2, 2]


def test_a_heavy_one_first(program: Program) -> None:
    """Of none with a connection the first in turn, whatever the weights; then in proportion."""
    program.configure(service("weighted-least-connection", [real(1), real(2, 3)]))
    clients = Clients(program, V4)
    assert [clients.connect() for _ in range(8)] == [1, 2, 2, 2, 1, 2, 2, 2]


def test_many_real_servers(program: Program, v: Family) -> None:
    """256, the most that are compared: each gets one, then each another."""
    numbers = range(256)
    reals = [f'address = ["10.3.0.{number}", "fd03::{number:x}"]' for number in numbers]
    program.configure(service("least-connection", reals))
    went = []
    for sport in range(1000, 1000 + 2 * 256):
        got = program.run(v.head + v.tcp(SYN, sport=sport))
        went.append(got.frame[5])  # of the MAC address, which is the address's last byte
        program.run(v.head + v.tcp(ACK, sport=sport))
    assert went == [*numbers, *numbers]


def test_others_flows_do_not_count(program: Program, v: Family) -> None:
    """The UDP service has the same real servers: their connections there are others."""
    program.configure(service("least-connection", map(real, (1, 2))))
    for sport in (1000, 1001):
        program.run(v.head + v.udp(sport=sport))
        program.run(v.head + v.udp(sport=sport))
    clients = Clients(program, v)
    assert [clients.connect() for _ in range(4)] == [1, 2, 1, 2]
    assert clients.send(1, PSH_ACK, b"!") == 1
