# SPDX-License-Identifier: Apache-2.0
"""Real servers of weight 0, down, alone, added and removed under load, with every algorithm."""

from __future__ import annotations

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.algorithms import ALL
from tests.packets.choosing import Clients, real, service, table
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.steps import ACK, PSH_ACK, SYN, Family, states

LOST = Resolution(None, None, False)


def silent(number: int) -> dict[str, Resolution]:
    """It does not answer; its MAC address is known."""
    names = (f"10.0.0.{number}", f"fd00::{number}")
    return {name: Resolution(mac_of(name).hex(":"), LINK, False) for name in names}


@pytest.fixture(params=ALL)
def name(request: pytest.FixtureRequest) -> str:
    """Every algorithm."""
    assert isinstance(request.param, str)
    return request.param


def check_kept(clients: Clients) -> None:
    """Every connection is where it was."""
    for number, home in clients.homes.items():
        assert clients.send(number, PSH_ACK, b"!") == home


def test_weight_0(program: Program, v: Family, name: str) -> None:
    """No new flows; those that are there stay, and end there."""
    program.configure(service(name, map(real, (1, 2, 3))))
    clients = Clients(program, v)
    for _ in range(30):
        clients.connect()
    program.configure(service(name, [real(1), real(2, 0), real(3)]))
    check_kept(clients)
    assert set(clients.many(40)) == {1, 3}
    for number in [number for number, home in clients.homes.items() if home == 2]:
        clients.close(number)
        assert clients.send(number, SYN) in (1, 3)
    program.configure(service(name, map(real, (1, 2, 3))))
    assert 2 in clients.many(60)


def test_all_weights_0(program: Program, v: Family, name: str) -> None:
    program.configure(service(name, map(real, (1, 2))))
    clients = Clients(program, v)
    clients.connect()
    program.configure(service(name, [real(1, 0), real(2, 0)]))
    assert clients.new() == "no-real"
    check_kept(clients)


def test_all_down(program: Program, v: Family, name: str) -> None:
    """Those that are silent keep their connections; those without a MAC address cannot."""
    text = service(name, map(real, (1, 2)))
    program.configure(text)
    clients = Clients(program, v)
    clients.connect()
    program.configure(text, silent(1) | silent(2))
    assert clients.new() == "no-real"
    check_kept(clients)
    program.configure(text, dict.fromkeys([*silent(1), *silent(2)], LOST))
    assert clients.new() == "no-real"
    assert clients.send(1, PSH_ACK, b"!") == "unresolved"
    program.configure(text)
    check_kept(clients)
    assert isinstance(clients.new(), int)


def test_down_and_up_again(program: Program, v: Family, name: str) -> None:
    text = service(name, map(real, (1, 2, 3)))
    program.configure(text, silent(2))
    clients = Clients(program, v)
    assert set(clients.many(40)) == {1, 3}
    program.configure(text)
    assert set(clients.many(60)) == {1, 2, 3}


def test_one_real_server(program: Program, v: Family, name: str) -> None:
    program.configure(service(name, [real(1, 7)]))
    clients = Clients(program, v)
    for _ in range(10):
        assert clients.connect() == 1
    check_kept(clients)


def test_none(program: Program, v: Family, name: str) -> None:
    """The only one is down: no table, and nobody in it."""
    program.configure(service(name, [real(1)]), silent(1))
    assert Clients(program, v).new() == "no-real"
    assert table(program, v) == []


def test_added_and_removed_under_load(program: Program, v: Family, name: str) -> None:
    """Connections stay with real servers that stay. Those of one that is removed go on elsewhere,
    and stay there. One that is added has its share of new ones."""
    program.configure(service(name, map(real, (1, 2, 3))))
    clients = Clients(program, v)
    for _ in range(60):
        clients.connect()
    orphans = [number for number, home in clients.homes.items() if home == 2]
    assert orphans
    program.configure(service(name, map(real, (1, 3))))
    for number in orphans:
        went = clients.send(number, PSH_ACK, b"!")
        assert went in (1, 3)
        clients.homes[number] = int(went)
    check_kept(clients)
    program.configure(service(name, map(real, (1, 3, 4, 5))))
    check_kept(clients)
    for _ in range(80):
        clients.connect()
    assert {4, 5} <= set(clients.homes.values())
    check_kept(clients)
    assert program.loads() == program.counted()
    assert states(program).get(v.pending) is None


def test_algorithm_changed(program: Program, v: Family, name: str) -> None:
    """By one configuration: open connections and handshakes go on where they are."""
    program.configure(service(name, map(real, (1, 2, 3))))
    clients = Clients(program, v)
    for _ in range(30):
        clients.connect()
    begun = {number: clients.send(number, SYN) for number in range(900, 912)}
    for other in (*ALL, name):
        program.configure(service(other, map(real, (1, 2, 3))))
        check_kept(clients)
        clients.connect()
    assert {number: clients.send(number, ACK) for number in begun} == begun
    check_kept(clients)
