# SPDX-License-Identifier: Apache-2.0
"""What packets of both directions make of a flow whose replies come back (docs/FLOWS.md)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.packets.cases.paired_services import CLAMP, CONFIG, FAR, RESOLUTIONS
from tests.packets.harness import OTHER_LINK, Program
from tests.packets.pair_steps import (
    ACK,
    DATA,
    FIN,
    RST,
    SYN,
    SYN_ACK,
    TCP,
    UDP,
    Connection,
    halves,
    states,
)
from tests.packets.steps import tick

KINDS = [(mode, family) for mode in TCP for family in (4, 6)]


@pytest.fixture(scope="module")
def configured(loaded: Program) -> Iterator[Program]:
    """The program with the services of the cases."""
    loaded.link(FAR)
    loaded.configure(CONFIG, RESOLUTIONS)
    yield loaded
    loaded.link(OTHER_LINK)
    loaded.reset()


@pytest.fixture(params=KINDS, ids=[f"{mode}-ipv{family}" for mode, family in KINDS])
def tcp(request: pytest.FixtureRequest, configured: Program) -> Connection:
    """A client that has sent nothing."""
    mode, family = request.param
    configured.rewind()
    return Connection(configured, TCP[mode], family, 6)


@pytest.fixture(params=KINDS, ids=[f"{mode}-ipv{family}" for mode, family in KINDS])
def udp(request: pytest.FixtureRequest, configured: Program) -> Connection:
    """A client that has sent nothing."""
    mode, family = request.param
    configured.rewind()
    return Connection(configured, UDP[mode], family, 17)


def pending(of: Connection) -> dict[str, list[str]]:
    """One pending flow."""
    return {f"pending{of.family}": ["pending"]}


def open_(of: Connection, state: str) -> dict[str, list[str]]:
    """One flow in the main table."""
    return {f"flows{of.family}": [state]}


def test_handshake(tcp: Connection) -> None:
    """Open by the client's ACK, and by that alone."""
    assert tcp.request(SYN) == "forwarded"
    assert (states(tcp.program), halves(tcp.program)) == (pending(tcp), 1)
    assert tcp.reply(SYN_ACK) == "forwarded-reply"
    assert states(tcp.program) == pending(tcp)
    assert tcp.request(SYN) == "forwarded"
    assert tcp.reply(SYN_ACK) == "forwarded-reply"
    assert states(tcp.program) == pending(tcp)
    assert tcp.request(ACK) == "forwarded"
    assert (states(tcp.program), halves(tcp.program)) == (open_(tcp, "open"), 1)


def test_ack_before_any_reply(tcp: Connection) -> None:
    """It may be forged: the flow stays pending."""
    assert tcp.request(SYN) == "forwarded"
    for flags in (ACK, DATA, FIN):
        assert tcp.request(flags) == "forwarded"
        assert states(tcp.program) == pending(tcp)
    assert tcp.reply(SYN_ACK) == "forwarded-reply"
    assert tcp.request(DATA) == "forwarded"
    assert states(tcp.program) == open_(tcp, "data")


def test_refused_connection(tcp: Connection) -> None:
    """The real server's RST reaches the client, and an ACK that follows opens nothing."""
    assert tcp.request(SYN) == "forwarded"
    assert tcp.reply(RST | ACK) == "forwarded-reply"
    assert tcp.request(ACK) == "forwarded"
    assert states(tcp.program) == pending(tcp)


def test_reset_of_a_handshake(tcp: Connection) -> None:
    """By the client: as it may be forged, the flow goes on."""
    assert tcp.request(SYN) == "forwarded"
    assert tcp.reply(SYN_ACK) == "forwarded-reply"
    assert tcp.request(RST) == "forwarded"
    assert states(tcp.program) == pending(tcp)
    assert tcp.request(ACK) == "forwarded"
    assert states(tcp.program) == open_(tcp, "open")


def test_syns_of_an_open_connection(tcp: Connection) -> None:
    """Repeated ones leave it as it is, and offer no larger segments than the first one did."""
    offer, less = (b"\2\4" + size.to_bytes(2, "big") for size in (1460, CLAMP))
    for _ in range(2):
        for send, flags in ((tcp.request, SYN), (tcp.reply, SYN_ACK)):
            assert send(flags, options=offer) in ("forwarded", "forwarded-reply")
            assert tcp.last is not None
            assert tcp.last.frame.endswith(less)
        assert tcp.request(ACK) == "forwarded"
        assert states(tcp.program) == open_(tcp, "open")


@pytest.mark.parametrize(("flags", "state"), [(DATA, "data"), (FIN, "closing"), (RST, "reset")])
def test_replies_count_as_requests_do(tcp: Connection, flags: int, state: str) -> None:
    tcp.open()
    assert tcp.reply(flags) == "forwarded-reply"
    assert states(tcp.program) == open_(tcp, state)
    assert tcp.reply(ACK) == "forwarded-reply"
    after = "open" if state == "reset" else state
    assert states(tcp.program) == open_(tcp, after)


@pytest.mark.parametrize("last", [FIN, RST], ids=["fin", "rst"])
@pytest.mark.parametrize("from_real", [False, True], ids=["client", "real"])
def test_port_reuse(tcp: Connection, last: int, from_real: bool) -> None:
    """The same client port to the same service: another flow, and its replies reach the client."""
    tcp.open()
    ended = tcp.reply(last) if from_real else tcp.request(last)
    assert ended in ("forwarded", "forwarded-reply")
    assert tcp.request(SYN) == "forwarded"
    assert states(tcp.program) == pending(tcp)
    assert tcp.reply(SYN_ACK) == "forwarded-reply"
    assert tcp.request(DATA) == "forwarded"
    assert tcp.reply(DATA) == "forwarded-reply"
    assert states(tcp.program) == open_(tcp, "data")


def test_without_a_flow(tcp: Connection) -> None:
    """Only SYNs begin flows; what real servers send to others is theirs."""
    for flags in (ACK, DATA, FIN, RST, SYN_ACK):
        assert tcp.request(flags) == "no-flow"
        assert tcp.reply(flags) == "pass"
    assert states(tcp.program) == {}


def test_udp(udp: Connection) -> None:
    """Open by the first reply, however many queries there were."""
    for _ in range(3):
        assert udp.request() == "forwarded"
        assert (states(udp.program), halves(udp.program)) == (pending(udp), 1)
    assert udp.reply() == "forwarded-reply"
    assert (states(udp.program), halves(udp.program)) == (open_(udp, "udp"), 1)
    assert udp.reply() == "forwarded-reply"
    assert udp.request() == "forwarded"
    assert states(udp.program) == open_(udp, "udp")


def test_busy(tcp: Connection) -> None:
    """Other CPUs are at every entry: no flow goes without a record."""
    with tcp.program.tables.busy():
        assert tcp.request(SYN) == "flow-busy"
    assert states(tcp.program) == {}
    assert tcp.program.loads() == {}


def test_too_many_neighbours(tcp: Connection) -> None:
    """A client behind one more: there would be no way back."""
    hops = tcp.program.maps["last_hops"].array
    hops["to"] = np.arange(1, len(hops) + 1)
    hops["rest"] = tick() << 32 | 1 << 12
    assert tcp.request(SYN) == "last-hop"
    assert states(tcp.program) == {}
    hops["rest"] = 0
    assert tcp.request(SYN) == "forwarded"


def test_replies_go_where_the_first_packet_came_from(tcp: Connection) -> None:
    """Wherever the client's later packets come from, and not changed by them."""
    tcp.open()
    before = tcp.program.maps["last_hops"].array.copy()
    tcp.neighbour = bytes.fromhex("020000000003")
    assert tcp.request(DATA) == "forwarded"
    assert tcp.reply(DATA) == "forwarded-reply"
    to = b"\x02\0\0\0\0\1"
    assert tcp.last is not None
    assert tcp.last.frame[:6] == to
    assert (tcp.program.maps["last_hops"].array == before).all()


def test_loads(tcp: Connection) -> None:
    """Pending and open flows of the real server, as the entries say."""
    tcp.request(SYN)
    assert list(tcp.program.loads().values()) == [(0, 1)]
    tcp.reply(SYN_ACK)
    tcp.request(ACK)
    assert list(tcp.program.loads().values()) == [(1, 0)]
    tcp.reply(FIN)
    assert tcp.program.loads() == tcp.program.counted() == {}
