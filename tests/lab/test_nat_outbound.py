# SPDX-License-Identifier: Apache-2.0
"""Mode nat, outbound: connections that real servers open themselves leave with a pool address."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.bulk import download, exchange, upload
from tests.lab.datagrams import datagrams, listen_for_errors, told
from tests.lab.echo import reachable
from tests.lab.plain import PORT
from tests.lab.routed import BULK, path_mtu
from tests.lab.shapes import FAMILIES, REALS, address
from tests.lab.sniff import sniffing
from tests.lab.translated import POOL, VIPS, Translated

OUTSIDE, CLOSED = 8100, 8101  # the client's own ports
SOME, FRAGMENTED = 300_000, 4000
NARROW = 1400
UNREACHABLE = {4: (3, 3), 6: (1, 4)}
POOLS = {4: ("10.78.1.200", "10.78.1.201"), 6: ("fd78:1::200", "fd78:1::201")}


def _config(network: Translated) -> str:
    text = f"[balancer]\ninterfaces = {json.dumps(network.shape.places['lb'])}\n"
    text += 'xdp_mode = "native"\nflow_capacity = 20000\n'
    text += f'[[service]]\nname = "web"\nvip = {json.dumps(list(VIPS.values()))}\n'
    text += (
        f'protocol = "tcp"\nport = {PORT}\nmode = "nat"\noutbound = true\nhealth.type = "none"\n'
    )
    text += f"[service.snat]\npool = {json.dumps(POOL)}\n"
    for host in REALS:
        both = json.dumps([network.real_address(host, family) for family in FAMILIES])
        text += f"[[service.real]]\naddress = {both}\n"
    return text


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Translated]:
    """The client serves, and real servers are its clients."""
    made = Translated(f"{os.getpid()}-outbound", tmp_path_factory.mktemp("outbound"), "nat")
    try:
        made.up()
        programs = {"client": [(str(BULK), "cl", str(OUTSIDE), *_outside())]}
        programs["lb"] = [(str(BULK), "lb", str(OUTSIDE), *_balancers())]
        for host in REALS:
            own = [made.real_address(host, family) for family in FAMILIES]
            programs[host] = [(str(BULK), host, str(PORT), *own)]
        made.run_servers(programs)
        made.balancer.start(_config(made), up=0)
        made.wait_up()
        yield made
    finally:
        made.down()


def _outside() -> list[str]:
    return [address("client", family, "outer") for family in FAMILIES]


def _balancers() -> list[str]:
    return [address("lb", family, segment) for family in FAMILIES for segment in ("front", "back")]


@pytest.mark.parametrize("own", _balancers())
def test_the_balancers_own_host(network: Translated, own: str) -> None:
    """Real servers talk to it with their own addresses, as they would without dsrlb."""
    before, real = network.reasons(), network.hosts["r1"]
    family = 6 if ":" in own else 4
    with sniffing(network.lb, "back", f"port {OUTSIDE}", "-Q", "out") as sniff:
        assert real.call(exchange, own, OUTSIDE, 100) == "lb"
        assert real.call(upload, own, OUTSIDE, SOME) == "lb"
        sniff.wait(rf" > {network.real_address('r1', family)}\.\d+: UDP")
    assert reachable(real, own)
    assert network.counted(before, "forwarded-outbound") == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_connections_of_real_servers(network: Translated, family: int) -> None:
    """TCP and UDP, both ways; the world sees an address of the pool."""
    before, outside = network.reasons(), address("client", family, "outer")
    with sniffing(network.client, "outer", f"port {OUTSIDE}", "-Q", "in") as sniff:
        for one in network.reals.values():
            assert one.call(upload, outside, OUTSIDE, SOME) == "cl"
            assert one.call(download, outside, OUTSIDE, SOME) == "cl"
            assert one.call(exchange, outside, OUTSIDE, 100) == "cl"
        sniff.wait("UDP", least=len(REALS))
        pools = tuple(f" {one}." for one in POOLS[family])
        assert all(any(pool in line for pool in pools) for line in sniff.lines())
    assert network.counted(before, "forwarded-outbound") > 2 * SOME // 1460
    assert network.counted(before, "forwarded-reply") > 2 * SOME // 1460
    assert network.counted(before, "forwarded") == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_the_service_beside_them(network: Translated, family: int) -> None:
    """Behind the tests that count: its last segments may come after the client has its answer."""
    assert network.client.call(upload, VIPS[family], PORT, SOME) in REALS


@pytest.mark.parametrize("family", FAMILIES)
def test_fragmented_datagrams(network: Translated, family: int) -> None:
    outside = address("client", family, "outer")
    assert network.hosts["r1"].call(exchange, outside, OUTSIDE, FRAGMENTED) == "cl"


def _refused(outside: str) -> None:
    family = 6 if ":" in outside else 4
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((outside, CLOSED), timeout=3)
    with datagrams(family) as channel:
        channel.connect((outside, CLOSED))
        listen_for_errors(channel, family)
        channel.send(b"who")
        error = told(channel, family)
        assert error is not None, "the real server was not told"
        assert (error.kind, error.code) == UNREACHABLE[family]
        assert error.offender == outside


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_world_refuses(network: Translated, family: int) -> None:
    network.hosts["r1"].call(_refused, address("client", family, "outer"))


@contextmanager
def _narrow(network: Translated) -> Iterator[None]:
    router = network.hosts["rc"]
    router.batch(f"link set outer mtu {NARROW}")
    try:
        yield
    finally:
        router.batch("link set outer mtu 1500")


@pytest.mark.parametrize("family", FAMILIES)
def test_what_routers_say_reaches_the_real_server(network: Translated, family: int) -> None:
    outside, real = address("client", family, "outer"), network.hosts["r1"]
    with _narrow(network):
        assert real.call(upload, outside, OUTSIDE, SOME) == "cl"
        assert path_mtu(real, outside) == NARROW


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_neither_tcp_nor_udp_is_the_kernels(network: Translated, family: int) -> None:
    """It is routed with the real server's own address."""
    outside = address("client", family, "outer")
    for host in ("client", "rc"):
        network.route(host, "back", "rc" if host == "client" else "lb")
    assert reachable(network.hosts["r1"], outside)
