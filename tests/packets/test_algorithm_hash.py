# SPDX-License-Identifier: Apache-2.0
"""hash and maglev: a client finds its real server again, also where nothing is known of it. Who
that real server is, the models say."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from ipaddress import ip_address

import pytest

from tests.packets.algorithms import HASHED, Hashed, NewFlow, Turn
from tests.packets.choosing import Clients, real, service, table
from tests.packets.harness import MAC, Program, mac_of
from tests.packets.model import Real
from tests.packets.steps import (
    ACK,
    FIN_ACK,
    PSH_ACK,
    RST,
    SYN,
    SYN_ACK,
    Family,
    go,
    states,
    stop,
)

NAMES = list(HASHED)
NUMBERS = (1, 2, 3, 4)
SIZE = 4093


def modelled(v: Family, weights: dict[int, int]) -> list[Real]:
    """The model's real servers, by number and weight."""
    names = [v.real(number) for number in weights]
    reals = [Real(name, mac_of(name), MAC) for name in names]
    for one, weight in zip(reals, weights.values(), strict=True):
        one.weight = weight
    return reals


def configured(name: str, more: str = "", seed: int = 0) -> str:
    """Four real servers, and a table that the model makes quickly."""
    text = service(name, map(real, NUMBERS), f"table_size = {SIZE}\n{more}")
    return text.replace("[balancer]", f"[balancer]\nhash_seed = {seed}", 1)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """hash, maglev."""
    assert isinstance(request.param, str)
    return request.param


@pytest.mark.parametrize(
    ("weights", "size"),
    [
        ({1: 1}, 4093),
        ({1: 1, 2: 1, 3: 1}, 4093),
        ({1: 5, 2: 1, 3: 3}, 4093),
        ({1: 0, 2: 2, 3: 1}, 4093),
        ({1: 1, 2: 30}, 4093),
        ({1: 3, 2: 1, 3: 2}, 0),
    ],
    ids=str,
)
def test_table(program: Program, v: Family, name: str, weights: dict[int, int], size: int) -> None:
    """It is the model's, whatever the order of the real servers."""
    expected = [
        next(number for number in weights if v.real(number) == address)
        for address in Hashed(name, HASHED[name], size=size).table(modelled(v, weights))
    ]
    assert len(expected) == (size or 65537)
    for order in (list(weights.items()), list(weights.items())[::-1]):
        program.configure(service(name, (real(*one) for one in order), f"table_size = {size}"))
        assert table(program, v) == expected


@pytest.mark.parametrize("on", ["source", "tuple"])
@pytest.mark.parametrize("seed", [0, 1, 0xFEDCBA9876543210])
def test_choice(program: Program, v: Family, name: str, on: str, seed: int) -> None:
    """Of 50 clients with four ports each: by the source they stay at one real server each, by the
    tuple they do not."""
    program.configure(configured(name, f'hash_on = "{on}"', seed))
    model, reals = Hashed(name, on, seed, SIZE), modelled(v, dict.fromkeys(NUMBERS, 1))
    clients, met = Clients(program, v), Counter[int]()
    for number in range(50):
        client, went = clients.client(number), set()
        for sport in (1000, 1001, 2000, 60000):
            flow = NewFlow(ip_address(client), ip_address(v.vip), sport, 80, 6)
            chosen = model.choose(reals, Turn(), flow)
            assert chosen is not None
            got = program.run(v.head + v.tcp(SYN, sport=sport, client=client))
            assert got.frame[:6] == chosen.mac
            went.add(chosen.name)
        met[len(went)] += 1
    assert met == {1: 50} if on == "source" else met[1] < 10


def test_another_start(program: Program, v: Family, name: str) -> None:
    """A program with other secrets, and the real servers in another order, chooses the same; with
    another seed it does not."""
    program.configure(configured(name))
    before = Clients(program, v).many(100)
    with closing(Program(1024)) as other:
        reals = map(real, reversed(NUMBERS))
        other.configure(service(name, reals, f"table_size = {SIZE}"))
        assert Clients(other, v).many(100) == before
        other.forget_flows()
        other.configure(configured(name, seed=1))
        after = Clients(other, v).many(100)
    assert 10 < sum(one == two for one, two in zip(before, after, strict=True)) < 50


def test_handshake(program: Program, v: Family, name: str) -> None:
    """The SYN is recorded, and counted as a new flow; a change of the table before the ACK does not
    move it."""
    program.configure(configured(name))
    clients = Clients(program, v)
    went = clients.many(40)
    assert states(program) == {v.pending: ["pending"] * 40}
    program.configure(service(name, [real(7, 3), *map(real, NUMBERS)], 'hash_on = "tuple"'))
    assert [clients.send(number, ACK) for number in range(1, 41)] == went
    assert states(program) == {v.flows: ["open"] * 40}
    assert program.loads() == program.counted()
    assert new_flows(program) == 40


def new_flows(program: Program) -> int:
    """Of service "web"."""
    reals = program.applier.installed.reals
    return sum(program.traffic(one)[2] for one in reals if one.service.name == "web")


@pytest.mark.parametrize("more", ["", 'on_unknown = "reset"', 'persistence = "1h"'])
def test_segments_of_no_flow(program: Program, v: Family, name: str, more: str) -> None:
    """They are scheduled, whatever on_unknown says, to where the flow's SYN would have gone; but
    not those that begin or end nothing."""
    program.configure(configured(name, more))
    clients = Clients(program, v)
    went = clients.many(3)
    program.forget_flows()
    assert [clients.send(n, flags) for n, flags in ((1, ACK), (2, PSH_ACK), (3, FIN_ACK))] == went
    assert states(program) == {v.flows: ["closing", "unverified", "unverified"]}
    stop(program, v, "no-flow", v.tcp(RST), v.tcp(SYN_ACK))


def test_flows_stay_when_the_table_changes(program: Program, v: Family, name: str) -> None:
    """Open connections of real servers that are still there stay with them."""
    program.configure(configured(name))
    clients = Clients(program, v)
    for _ in range(60):
        clients.connect()
    program.configure(service(name, [real(7), real(1, 3), real(2, 0), real(3), real(4), real(8)]))
    for number, home in clients.homes.items():
        assert clients.send(number, PSH_ACK, b"!") == home
    assert set(clients.many(100)) == {1, 3, 4, 7, 8}


def test_full_real_server(program: Program, v: Family, name: str) -> None:
    """Its clients' new connections go to those in the next places of the table."""
    full = 2
    reals = [real(n, more="max_open = 1" if n == full else "") for n in NUMBERS]
    program.configure(service(name, reals, f"table_size = {SIZE}"))
    model, there = Hashed(name, HASHED[name], size=SIZE), modelled(v, dict.fromkeys(NUMBERS, 1))
    limited = next(one for one in there if one.name == v.real(full))
    clients = Clients(program, v)
    while clients.new() != full:
        pass
    clients.send(clients.asked, ACK)
    limited.max_open, limited.open = 1, 1
    moved = 0
    for number in range(1000, 1200):
        sport = 1000
        flow = NewFlow(ip_address(clients.client(number)), ip_address(v.vip), sport, 80, 6)
        limited.max_open = 0
        first = model.choose(there, Turn(), flow)
        limited.max_open = 1
        chosen = model.choose(there, Turn(), flow)
        assert chosen is not None and chosen is not limited
        moved += first is limited
        went = clients.send(number, SYN)
        assert isinstance(went, int) and v.real(went) == chosen.name
        assert clients.send(number, ACK) == went
    assert moved > 20


def test_all_full(program: Program, v: Family, name: str) -> None:
    program.configure(service(name, [real(1, more="max_open = 1")]))
    clients = Clients(program, v)
    clients.connect()
    assert clients.new() == "reals-full"


def test_udp(program: Program, v: Family, name: str) -> None:
    """By the same table, of its own service."""
    keys = f'name = "dns"\nalgorithm = "{name}"\ntable_size = {SIZE}'
    program.configure(configured(name).replace('name = "dns"', keys))
    model, reals = Hashed(name, HASHED[name], size=SIZE), modelled(v, dict.fromkeys(NUMBERS, 1))
    for sport in range(1000, 1020):
        flow = NewFlow(ip_address(v.client), ip_address(v.vip), sport, 53, 17)
        chosen = model.choose(reals, Turn(), flow)
        assert chosen is not None
        to = chosen.mac + MAC + v.head[12:]
        go(program, v, to, v.udp(sport=sport), v.udp(sport=sport))
    assert states(program) == {v.flows: ["udp"] * 20}


def test_persistent_service(program: Program, v: Family, name: str) -> None:
    """The source's real server is kept when the table changes; a segment of no flow goes there,
    and says nothing about the source."""
    program.configure(configured(name, 'persistence = "1h"'))
    clients = Clients(program, v)
    home = clients.connect()
    assert states(program)[v.flows] == ["open", "source"]
    others = [number for number in (*NUMBERS, 5, 6, 7) if number != home]
    more = 'persistence = "1h"\nhash_on = "tuple"'
    program.configure(service(name, [real(home), *map(real, others)], more))
    to = mac_of(v.real(home)) + MAC + v.head[12:]
    go(program, v, to, *(v.tcp(SYN, sport=n, client=clients.client(1)) for n in range(9, 29)))
    go(program, v, to, v.tcp(ACK, sport=40, client=clients.client(1)))
    stranger = clients.client(77)
    assert program.run(v.head + v.tcp(ACK, client=stranger)).reason == "forwarded"
    assert states(program)[v.flows].count("source") == 1


def test_answers_that_come_back_need_a_flow(program: Program, v: Family, name: str) -> None:
    """In mode nat a segment of none is dropped."""
    program.configure(configured(name).replace('"l2dsr"', '"nat"', 1))
    clients = Clients(program, v)
    assert clients.new() in NUMBERS
    assert clients.send(99, ACK) == "no-flow"


def test_few_move(program: Program, v: Family, name: str) -> None:
    """Without one of 30 real servers: its clients do, and of the others' hardly any."""
    program.configure(service(name, map(real, range(1, 31))))
    before = table(program, v)
    program.configure(service(name, map(real, range(1, 30))))
    after = table(program, v)
    assert len(before) == len(after) == 65537
    others = [(one, two) for one, two in zip(before, after, strict=True) if one != 30]
    moved = sum(one != two for one, two in others) / len(others)
    print(f"{name}: {moved:.2%} of the others' places moved")
    assert moved <= (0 if name == "hash" else 0.025)


@pytest.mark.parametrize("weights", [(1,) * 10, (1, 2, 3, 4)], ids=str)
def test_shares(program: Program, v: Family, weights: tuple[int, ...]) -> None:
    """Of maglev's places each has what its weight says, to a fiftieth."""
    program.configure(service("maglev", (real(n, w) for n, w in enumerate(weights, 1))))
    places = Counter(table(program, v))
    for number, weight in enumerate(weights, 1):
        share = places.total() * weight / sum(weights)
        assert abs(places[number] - share) <= 0.02 * share
