# SPDX-License-Identifier: Apache-2.0
"""Much data over links of 1400 bytes through modes bridge, router, one-arm and nat, and MSS."""

from __future__ import annotations

import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from tests import scale
from tests.lab.bulk import download, upload
from tests.lab.plain import PORT, Namespace
from tests.lab.routed import path_mtu
from tests.lab.shapes import FAMILIES, REALS, address
from tests.lab.sniff import Sniff, sniffing
from tests.lab.translated import CLAMP, CLAMPED, VIPS, Translated
from tests.waiting import wait_until

MTU = 1400
LARGE = 1460  # an MSS for links of 1500 bytes
SMALL = 900  # below CLAMP
FULL = {4: 1460, 6: 1440}  # the MSS that a link of 1500 bytes gives


@pytest.fixture
def network(mode_network: Translated) -> Iterator[Translated]:
    """The network of a mode. Real servers offer segments that do not fit: ICMP has to do it."""
    network = mode_network
    for host in REALS:
        network.route(host, "all", network.shape.ways[host]["all"], more=f"advmss {LARGE}")
    network.flush()
    yield network
    for host in REALS:
        network.route(host, "all", network.shape.ways[host]["all"])


@contextmanager
def _narrow(network: Translated, segment: str, *hosts: str) -> Iterator[None]:
    """A segment is narrow: for all hosts on it, or on the way out of these."""

    def give(mtu: int) -> None:
        if hosts:
            for host in hosts:
                network.hosts[host].batch(f"link set {segment} mtu {mtu}")
        else:
            network.set_mtu(segment, mtu)

    give(MTU)
    try:
        yield
    finally:
        give(1500)


def _transfer(network: Translated, family: int, up: bool, narrow: str) -> None:
    """Much data to, or from, each of the real servers."""
    size, vip = scale.count("lab_transfer_bytes"), VIPS[family]
    began = time.monotonic()
    call, work = network.client.call, upload if up else download
    assert Counter(call(work, vip, PORT, size) for _ in REALS) == dict.fromkeys(REALS, 1)
    way = f"{'to' if up else 'from'} {vip}, {network.mode}, narrow {narrow}"
    asked = size * len(REALS)
    scale.record(f"lab_transfer_bytes {way}", asked, asked, 0, time.monotonic() - began)


def _knows(network: Translated, segment: str) -> None:
    """Wait until the balancer knows how wide its interface is."""
    if segment in network.shape.places["lb"]:
        (own,) = {network.lb.link(segment)["mtu"]}
        wait_until(
            "the balancer has seen the MTU",
            lambda: (
                {row["mtu"] for row in network.balancer.get("/macs") if row["interface"] == segment}
                <= {own}
            ),
        )


@pytest.mark.soak
@pytest.mark.parametrize("family", FAMILIES)
def test_up_over_a_narrow_link(network: Translated, family: int) -> None:
    """Behind the balancer: that says so itself, or a router does, whose words it translates."""
    segment = "back" if network.mode == "one-arm" else network.inside
    before, vip = network.reasons(), VIPS[family]
    with _narrow(network, segment):
        _knows(network, segment)
        _transfer(network, family, up=True, narrow=segment)
        assert path_mtu(network.client, vip) == MTU
    told = network.counted(before, "answered-too-big")
    assert (told > 0) == (network.mode != "one-arm")
    _knows(network, segment)


@pytest.mark.soak
@pytest.mark.parametrize("family", FAMILIES)
def test_down_over_a_narrow_link(network: Translated, family: int) -> None:
    """Between the balancer and the client: a router tells the VIP, and so its real server."""
    before = network.reasons()
    with _narrow(network, "outer", "rc"):
        _transfer(network, family, up=False, narrow="outer")
        _told(network, family)
    assert network.counted(before, "answered-too-big") == 0


def _told(network: Translated, family: int) -> None:
    """Every real server has been told of the way to whom it sees."""
    client = address("client", family, "outer")
    for one in network.reals.values():
        mtus = [path_mtu(one, other) for other in network.pool(family) or [client]]
        assert MTU in mtus


@pytest.mark.soak
@pytest.mark.parametrize("family", FAMILIES)
def test_down_over_the_balancers_own_narrow_link(network: Translated, family: int) -> None:
    """It tells the real server. (In mode one-arm the link is the real servers', too.)"""
    before = network.reasons()
    with _narrow(network, "front"):
        _transfer(network, family, up=False, narrow="front")
        if network.mode != "one-arm":
            _told(network, family)
            assert network.counted(before, "answered-too-big") > 0


def _connect(vip: str, port: int, mss: int) -> None:
    family = socket.AF_INET6 if ":" in vip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(3)
        if mss:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
        connection.connect((vip, port))


def _segment_sizes(network: Translated, family: int, port: int, mss: int) -> tuple[int, int]:
    """(MSS in the SYN that a real server gets, in the SYN-ACK that the client gets)."""
    vip = VIPS[family]
    inner = network.real_port(port)
    with ExitStack() as stack:
        reals = [
            stack.enter_context(_sniffing_syns(one, network.shape.places[host][0], inner))
            for host, one in network.reals.items()
        ]
        client = stack.enter_context(sniffing(network.client, "outer", f"tcp port {port}"))
        network.client.call(_connect, vip, port, mss)
        syns = rf"\.{inner}: Flags \[S"
        wait_until("the SYN", lambda: any(sniff.lines(syns) for sniff in reals))
        (syn,) = [line for sniff in reals for line in sniff.lines(syns)]
        (syn_ack,) = client.wait(r"Flags \[S\.")
    return _mss(syn), _mss(syn_ack)


def _sniffing_syns(one: Namespace, interface: str, port: int) -> AbstractContextManager[Sniff]:
    return sniffing(one, interface, f"tcp dst port {port}")


def _mss(line: str) -> int:
    found = re.search(r"mss (\d+)", line)
    assert found is not None, line
    return int(found[1])


@pytest.mark.parametrize("family", FAMILIES)
def test_mss_clamp(mode_network: Translated, family: int) -> None:
    """Lowered in both directions, never raised; and not without the key."""
    network, offered = mode_network, FULL[family]
    network.flush()
    assert _segment_sizes(network, family, CLAMPED, 0) == (CLAMP, CLAMP)
    assert _segment_sizes(network, family, CLAMPED, SMALL) == (SMALL, CLAMP)
    assert _segment_sizes(network, family, PORT, 0) == (offered, offered)
