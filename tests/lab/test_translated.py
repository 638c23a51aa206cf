# SPDX-License-Identifier: Apache-2.0
"""Real connections through modes bridge, router, one-arm and nat, and what ends them."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from tests import scale
from tests.lab import parallel
from tests.lab.bulk import exchange, upload
from tests.lab.datagrams import answer, datagrams, limit_hops, listen_for_errors, told
from tests.lab.echo import reachable
from tests.lab.plain import PORT
from tests.lab.shapes import FAMILIES, REALS, address
from tests.lab.sniff import sniffing
from tests.lab.traffic import Load
from tests.lab.translated import PARALLEL, UNSERVED, VIPS, Translated
from tests.waiting import wait_until

FRAGMENTED = 4000
SOME = 100_000
UNREACHABLE = {4: (3, 3), 6: (1, 4)}  # type and code of "port unreachable"
TIME_EXCEEDED = {4: 11, 6: 3}
FRAGMENTS = "ip[6:2] & 0x3fff != 0 or ip6 proto 44"


@pytest.fixture
def network(mode_network: Translated) -> Translated:
    """The network of a mode; nobody knows of narrow links."""
    mode_network.flush()
    return mode_network


def _exchanges(network: Translated, family: int, size: int, checked: bool = True) -> Counter[str]:
    """Datagrams of so many bytes there and back, in four flows; returns who answered."""
    arguments = (exchange, VIPS[family], PORT, size, checked)
    served = Counter(network.client.call(*arguments) for _ in range(4))
    assert set(served) == set(REALS)
    return served


@pytest.mark.parametrize("family", FAMILIES)
def test_requests_are_answered(network: Translated, family: int) -> None:
    """Over TCP and UDP, by both real servers; and both directions are counted."""
    before = network.reasons()
    served = Counter(network.client.call(upload, VIPS[family], PORT, SOME) for _ in range(4))
    assert served == dict.fromkeys(REALS, 2)
    _exchanges(network, family, 100)
    assert network.counted(before, "forwarded") > 4 * SOME // 1460
    assert network.counted(before, "forwarded-reply") > 4 * 4
    rows = {
        (row["name"], row["family"]): row["reply_packets"]
        for row in network.balancer.get("/services")
    }
    assert rows[f"tcp-{PORT}", f"ipv{family}"] and rows[f"udp-{PORT}", f"ipv{family}"]


@pytest.mark.parametrize("family", FAMILIES)
def test_replies_go_back_to_whom_they_are_for(network: Translated, family: int) -> None:
    """Clients with the same port, behind a router, on it, and beside it."""
    clients = [network.client, network.hosts["rc"]]
    clients += [network.side] if network.mode in ("router", "nat") else []
    with ExitStack() as stack:
        everywhere = "0.0.0.0" if family == 4 else "::"
        sockets = [
            stack.enter_context(one.call(datagrams, family, (everywhere, PORT))) for one in clients
        ]
        for _ in range(3):
            for number, channel in enumerate(sockets):
                channel.sendto(b"--to %d" % number, (VIPS[family], PORT))
            for number, channel in enumerate(sockets):
                assert channel.recv(100)[2:] == b"to %d" % number
    assert all(reachable(network.hosts["rc"], one) for one in (VIPS[family], *network.pool(family)))


@pytest.mark.soak
@pytest.mark.parametrize("family", FAMILIES)
def test_many_connections_at_once(network: Translated, family: int) -> None:
    """Random sizes, halves closed in any order: every byte arrives at both ends."""
    count, began = scale.count("lab_connections"), time.monotonic()
    before = {host: network.tally(host) for host in REALS}
    found = network.client.call(parallel.talk, VIPS[family], PARALLEL, count, 1000 * family)
    assert (found.wrong, found.done) == ([], count)

    after = dict(before)

    def arrived() -> bool:
        after.update({host: network.tally(host) for host in REALS})
        done = {host: after[host].done - before[host].done for host in REALS}
        received = sum(after[host].received - before[host].received for host in REALS)
        assert [one for host in REALS for one in after[host].wrong] == []
        return sum(done.values()) == count and received == found.sent and all(done.values())

    try:
        wait_until("the real servers have all bytes", arrived)
    except AssertionError as error:
        error.add_note(f"{before}\n{after}\n{found}\n{network.balancer.told()}")
        raise
    name = f"lab_connections, {network.mode}, IPv{family}"
    scale.record(name, count, found.done, count - found.done, time.monotonic() - began)


@pytest.mark.parametrize("family", FAMILIES)
def test_resets_arrive_at_the_other_end(network: Translated, family: int) -> None:
    before = sum(network.tally(host).resets for host in REALS)
    vip = VIPS[family]
    for _ in REALS:
        with pytest.raises(ConnectionResetError):
            network.client.call(parallel.be_aborted, vip, PARALLEL)
        network.client.call(parallel.abort, vip, PARALLEL)

    def heard() -> bool:
        return sum(network.tally(host).resets for host in REALS) == before + len(REALS)

    wait_until("the real servers were told", heard)


def _refused(vip: str) -> None:
    """Nobody listens: both protocols are told so, by the VIP."""
    family = 6 if ":" in vip else 4
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((vip, UNSERVED), timeout=3)
    with datagrams(family) as channel:
        channel.connect((vip, UNSERVED))
        listen_for_errors(channel, family)
        channel.send(b"who")
        error = told(channel, family)
        assert error is not None, "the client was not told"
        assert (error.kind, error.code) == UNREACHABLE[family]
        assert error.offender == vip


@pytest.mark.parametrize("family", FAMILIES)
def test_what_no_server_serves_is_refused(network: Translated, family: int) -> None:
    for _ in REALS:
        network.client.call(_refused, VIPS[family])


def _asked(
    network: Translated, family: int, stack: ExitStack
) -> tuple[socket.socket, socket.socket]:
    """(a client's socket, the real server's that it asked, connected with who asked there)."""
    port = network.real_port(UNSERVED)
    waiting = [
        stack.enter_context(one.call(datagrams, family, (network.real_address(host, family), port)))
        for host, one in network.reals.items()
    ]
    client = stack.enter_context(network.client.call(datagrams, family))
    client.sendto(b"who", (VIPS[family], UNSERVED))
    found, _, _ = select.select(waiting, [], [], 3)
    assert found, "no real server was asked"
    _, sender = found[0].recvfrom(100)
    pool = network.pool(family)
    assert sender[0] in (pool or [address("client", family, "outer")])
    found[0].connect(sender[:2])
    return client, found[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_client_refuses_is_told_to_the_real_server(
    network: Translated, family: int
) -> None:
    """A reply comes too late: the port is closed, which the socket that sent it has to hear."""
    with ExitStack() as stack:
        client, real = _asked(network, family, stack)
        client.close()
        listen_for_errors(real, family)
        real.send(b"late")
        error = told(real, family)
        assert error is not None, "the real server was not told"
        assert (error.kind, error.code) == UNREACHABLE[family]
        expected = network.pool(family) or [address("client", family, "outer")]
        assert error.offender in expected


@pytest.mark.parametrize("family", FAMILIES)
def test_fragmented_datagrams(network: Translated, family: int) -> None:
    vip, client = VIPS[family], address("client", family, "outer")
    before = network.reasons()
    with sniffing(network.client, "outer", FRAGMENTS) as sniff:
        _exchanges(network, family, FRAGMENTED)
        for source, destination in ((client, vip), (vip, client)):
            sniff.wait(rf" {source}\S* > {destination}", least=4 * 3)
    assert network.counted(before, "fragment-early") == 0
    assert network.counted(before, "fragment") == 0


def test_datagrams_without_checksum(network: Translated) -> None:
    """It stays 0, there and back."""
    unchecked = "udp and udp[6:2] == 0"
    with ExitStack() as stack:
        sniffs = [
            stack.enter_context(sniffing(one, network.shape.places[host][0], unchecked))
            for host, one in network.reals.items()
        ]
        _exchanges(network, 4, 100, checked=False)
        wait_until(
            "they came without",
            lambda: sum(len(sniff.lines(r"UDP, length 100")) for sniff in sniffs) >= 4,
        )
    _exchanges(network, 4, FRAGMENTED, checked=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_traceroute(network: Translated, family: int) -> None:
    """Where it routes, the balancer is a hop. Of the routers behind it one is heard, too."""
    hops = [address("rc", family, "outer")]
    if network.mode != "bridge":
        hops.append(address("lb", family, "front"))
    vip, call = VIPS[family], network.client.call
    before = network.reasons()
    assert [call(answer, vip, count) for count in range(1, len(hops) + 1)] == hops
    assert network.counted(before, "answered-time-exceeded") == len(hops) - 1
    found = {call(answer, vip, len(hops) + 1) for _ in range(4)}
    behind = {"r1", address("ra", family, "front")} if network.mode == "one-arm" else set(REALS)
    assert found == behind
    if network.mode == "one-arm":
        assert {call(answer, vip, len(hops) + 2) for _ in range(4)} == set(REALS)


@pytest.mark.parametrize("family", FAMILIES)
def test_traceroute_of_replies(network: Translated, family: int) -> None:
    """The real server hears of the balancer, and of the routers between it and the client."""
    with ExitStack() as stack:
        client, real = _asked(network, family, stack)
        own = real.getsockname()[0]
        hops = []
        if network.mode == "one-arm" and own == network.real_address("r2", family):
            hops.append(address("ra", family, "back"))
        if network.mode != "bridge":
            hops.append(address("lb", family, network.inside))
        # Where a real server sees an address of the pool, errors come from there, too.
        pooled = network.mode == "one-arm"
        hops.append(real.getpeername()[0] if pooled else address("rc", family, "front"))
        listen_for_errors(real, family)
        heard = []
        for count in range(1, len(hops) + 1):
            limit_hops(real, family, count)
            real.send(b"far")
            error = told(real, family)
            assert error is not None, f"with {count} hops nothing was told"
            assert error.kind == TIME_EXCEEDED[family]
            heard.append(error.offender)
        assert heard == hops
        limit_hops(real, family, len(hops) + 1)
        real.send(b"near")
        assert client.recv(100) == b"near"


@pytest.mark.parametrize("family", FAMILIES)
def test_real_servers_as_clients(network: Translated, family: int) -> None:
    """In mode one-arm their replies come back; else they would go round the balancer."""
    before = network.reasons()
    real, vip = network.reals["r1"], VIPS[family]
    if network.mode == "one-arm":
        assert {real.call(exchange, vip, PORT, 100) for _ in REALS} == set(REALS)
        assert {real.call(upload, vip, PORT, SOME) for _ in REALS} == set(REALS)
        assert network.counted(before, "hairpin") == 0
        return
    with real.call(datagrams, family) as channel:
        channel.sendto(b"who", (vip, PORT))
        wait_until("it is counted", lambda: network.counted(before, "hairpin") >= 1)

    def syn() -> None:
        with socket.socket(channel.family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            assert connection.connect_ex((vip, PORT)) != 0

    real.call(syn)
    wait_until("it is counted", lambda: network.counted(before, "hairpin") >= 2)
    assert network.counted(before, "hairpin") == 2


def test_the_daemon_is_killed_under_load(network: Translated) -> None:
    """Flows, with both halves, go on, and new ones begin, while nobody is there and afterwards."""
    load, balancer = Load(network.client), network.balancer
    load.start()
    try:
        balancer.kill()
        load.progress(100)
        balancer.start(up=0)
        network.wait_up()
        load.progress(100)
    finally:
        load.stop()
    assert load.errors == []
