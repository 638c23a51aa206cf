# SPDX-License-Identifier: Apache-2.0
"""Flows of a real server that is down, where replies come back: pairs leave, or end, as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets import health
from tests.packets.cases.paired_services import CLAMP, FAR
from tests.packets.harness import LINK, OTHER_LINK, Program, mac_of
from tests.packets.pair_steps import (
    ACK,
    DATA,
    RST,
    SYN,
    SYN_ACK,
    TCP,
    UDP,
    Connection,
    halves,
    states,
)

KINDS = [(mode, family) for mode in TCP for family in (4, 6)]
IDS = [f"{mode}-ipv{family}" for mode, family in KINDS]
OTHER = 10
"""From the number of a mode's first real server to that of its second."""


def _service(mode: str, protocol: str) -> str:
    place = (TCP if protocol == "tcp" else UDP)[mode]
    numbers = (place.real, place.real + OTHER)
    moved = ", port = 8080" if protocol == "tcp" else ""
    reals = ", ".join(f'{{ address = ["10.0.0.{n}", "fd00::{n}"]{moved} }}' for n in numbers)
    pool = '[service.snat]\npool = ["198.51.100.7", "2001:db8:51::7"]' if mode == "one-arm" else ""
    clamp = f"mss_clamp = {CLAMP}" if protocol == "tcp" else ""
    return f"""
[[service]]
name = "{mode}-{protocol}"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "{protocol}"
port = {place.port}
mode = "{mode}"
{clamp}
real = [{reals}]
{pool}
"""


TEXT = """
[balancer]
interfaces = ["in0", "out0"]

[[bridge]]
name = "br0"
ports = ["in0", "out0"]
reals_on = "out0"
""" + "".join(_service(mode, protocol) for mode in TCP for protocol in ("tcp", "udp"))


def resolutions() -> dict[str, Resolution]:
    """Where the real servers are."""
    found = {}
    for place in TCP.values():
        for number in (place.real, place.real + OTHER):
            for address in (f"10.0.0.{number}", f"fd00::{number}"):
                link = FAR if place.far else LINK
                found[address] = Resolution(mac_of(address).hex(":"), link, True)
    return found


def down(of: Connection, how: str, *, both: bool = False) -> None:
    """The connection's real server is down, or both of the service."""
    first = TCP[of.place.mode].real
    numbers = (first, first + OTHER) if both else (of.place.real,)
    down_ = {f"{prefix}{n}": how for n in numbers for prefix in ("10.0.0.", "fd00::")}
    of.program.configure(TEXT, resolutions(), change=health.found(down_))


def up(of: Connection) -> None:
    """All real servers are there."""
    of.program.configure(TEXT, resolutions())


def moved(of: Connection) -> Connection:
    """The same connection at the other real server of the service."""
    other = replace(of.place, real=of.place.real + OTHER)
    there = replace(of, place=other)
    there.seen_as, there.last = of.seen_as, of.last
    return there


def target(of: Connection) -> str:
    """Where the last packet went."""
    assert of.last is not None
    ip = of.last.frame[14:]
    return str(ip_address(ip[16:20] if of.family == 4 else ip[24:40]))


@pytest.fixture(scope="module")
def configured(loaded: Program) -> Iterator[Program]:
    """The program with TEXT."""
    loaded.link(FAR)
    yield loaded
    loaded.link(OTHER_LINK)
    loaded.reset()


@pytest.fixture(params=KINDS, ids=IDS)
def tcp(request: pytest.FixtureRequest, configured: Program) -> Connection:
    """A client that has sent nothing."""
    mode, family = request.param
    configured.configure(TEXT, resolutions())
    configured.rewind()
    return Connection(configured, TCP[mode], family, 6)


@pytest.fixture(params=KINDS, ids=IDS)
def udp(request: pytest.FixtureRequest, configured: Program) -> Connection:
    """A client that has sent nothing."""
    mode, family = request.param
    configured.configure(TEXT, resolutions())
    configured.rewind()
    return Connection(configured, UDP[mode], family, 17)


def talk(of: Connection) -> None:
    """An open connection that carries data both ways, and is known by heart."""
    of.open()
    for _ in range(3):
        assert of.request(DATA) == "forwarded"
        assert of.reply(DATA) == "forwarded-reply"


def one_pair(of: Connection, state: str) -> None:
    """There is one flow, and what is counted is right."""
    assert states(of.program) == {f"flows{of.family}": [state]}
    assert of.program.loads() == of.program.counted()


HOWS = pytest.mark.parametrize("how", ["leave", "reset"])


def test_open_connection_leaves(tcp: Connection) -> None:
    """The next packet of the client moves it; until then replies go on."""
    talk(tcp)
    down(tcp, "leave")
    assert tcp.reply(DATA) == "forwarded-reply"
    there = moved(tcp)
    assert there.request(DATA) == "forwarded"
    assert target(there) == str(there.real)
    one_pair(there, "data")
    assert there.reply(DATA) == "forwarded-reply"
    assert tcp.reply(DATA) in ("pass", "no-flow")
    up(tcp)
    for _ in range(3):
        assert there.request(DATA) == "forwarded"
        assert target(there) == str(there.real)
        assert there.reply(DATA) == "forwarded-reply"
        assert tcp.reply(DATA) in ("pass", "no-flow")
    one_pair(there, "data")


def test_open_connection_is_reset(tcp: Connection) -> None:
    """Nobody knows it any more, by heart or otherwise, and its port is free."""
    talk(tcp)
    down(tcp, "reset")
    assert tcp.reply(DATA) == "forwarded-reply"
    assert tcp.request(DATA) == "answered-down"
    assert states(tcp.program) == {}
    assert tcp.program.loads() == {}
    assert tcp.reply(DATA) in ("pass", "no-flow")
    assert tcp.request(DATA) == "no-flow"
    there = moved(tcp)
    there.open()
    one_pair(there, "open")
    assert there.request(DATA) == "forwarded"
    assert target(there) == str(there.real)


def test_rst_ends_it(tcp: Connection) -> None:
    talk(tcp)
    down(tcp, "reset")
    assert tcp.request(RST) == "real-down"
    assert states(tcp.program) == {}
    assert tcp.reply(DATA) in ("pass", "no-flow")


def test_rst_where_connections_leave(tcp: Connection) -> None:
    talk(tcp)
    down(tcp, "leave")
    assert tcp.request(RST) == "real-down"
    one_pair(tcp, "reset")


@HOWS
def test_handshake_moves(tcp: Connection, how: str) -> None:
    assert tcp.request(SYN) == "forwarded"
    down(tcp, how)
    there = moved(tcp)
    assert there.request(SYN) == "forwarded"
    assert target(there) == str(there.real)
    assert there.reply(SYN_ACK) == "forwarded-reply"
    assert there.request(ACK) == "forwarded"
    one_pair(there, "open")


@HOWS
def test_end_of_the_handshake_moves(tcp: Connection, how: str) -> None:
    assert tcp.request(SYN) == "forwarded"
    assert tcp.reply(SYN_ACK) == "forwarded-reply"
    down(tcp, how)
    there = moved(tcp)
    assert there.request(ACK) == "forwarded"
    assert target(there) == str(there.real)
    one_pair(there, "open")
    assert there.reply(RST) == "forwarded-reply"


@HOWS
def test_udp_moves(udp: Connection, how: str) -> None:
    udp.open()
    assert udp.request() == "forwarded"
    assert udp.reply() == "forwarded-reply"
    down(udp, how)
    there = moved(udp)
    assert udp.reply() == "forwarded-reply"
    assert there.request() == "forwarded"
    assert target(there) == str(there.real)
    one_pair(there, "udp")
    assert there.reply() == "forwarded-reply"
    assert udp.reply() in ("pass", "no-flow")


@HOWS
def test_pending_udp_moves(udp: Connection, how: str) -> None:
    assert udp.request() == "forwarded"
    down(udp, how)
    there = moved(udp)
    assert there.request() == "forwarded"
    assert target(there) == str(there.real)
    assert there.reply() == "forwarded-reply"
    one_pair(there, "udp")


def test_nobody_else(tcp: Connection) -> None:
    """The connection waits, and goes on where it was; replies go on as long as it is there."""
    talk(tcp)
    down(tcp, "leave", both=True)
    assert tcp.request(DATA) == "no-real"
    assert tcp.reply(DATA) == "forwarded-reply"
    one_pair(tcp, "data")
    up(tcp)
    assert tcp.request(DATA) == "forwarded"
    assert target(tcp) == str(tcp.real)
    assert halves(tcp.program) == 1


@HOWS
def test_nobody_else_for_others(tcp: Connection, how: str) -> None:
    assert tcp.request(SYN) == "forwarded"
    down(tcp, how, both=True)
    assert tcp.request(SYN) == "no-real"
    assert states(tcp.program) == {f"pending{tcp.family}": ["pending"]}
    up(tcp)
    tcp.open()


def test_replies_of_another_are_in_the_way(configured: Program) -> None:
    """The same client port to another service of the same real servers: replies to both could not
    be told from each other, so the connection stays, and waits."""
    again = _service("router", "tcp").replace('"router-tcp"', '"again"').replace("131", "231")
    addresses = dict.fromkeys(("10.0.0.62", "fd00::62"), "leave")
    configured.configure(TEXT + again, resolutions())
    configured.rewind()
    place = TCP["router"]
    one = Connection(configured, place, 4, 6)
    other = Connection(configured, replace(place, port=231, real=place.real + OTHER), 4, 6)
    Connection(configured, replace(place, port=231), 4, 6, port=1001).open()
    one.open()
    other.open()
    configured.configure(TEXT + again, resolutions(), change=health.found(addresses))
    for _ in range(3):
        assert one.request(DATA) == "tuple-taken"
    assert other.request(DATA) == "forwarded"
    assert target(other) == str(other.real)
    configured.configure(TEXT + again, resolutions())
    assert one.request(DATA) == "forwarded"
    assert target(one) == str(one.real)
    assert one.reply(DATA) == "forwarded-reply"
    assert configured.loads() == configured.counted()
