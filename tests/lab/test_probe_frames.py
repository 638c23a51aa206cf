# SPDX-License-Identifier: Apache-2.0
"""What leaves for real servers when they are probed, in every mode: what leaves for them when a
client calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lab.bulk import upload
from tests.lab.plain import PORT
from tests.lab.probing import Capture, Syn, capturing, fastest, knock, ping, probe_addresses
from tests.lab.routed import Routed, routed
from tests.lab.shapes import BESIDE, FAMILIES, REALS, SERIES, Shape, Virtual, address, config
from tests.lab.translated import VIPS, Translated
from tests.waiting import wait_until

VIRTUALS = {
    method: Virtual(method, 100 + n) for n, method in enumerate(("ipip", "dscp", "gue", "l2dsr"))
}
HOPS = 1  # from the client to the balancer
WATCHED = """
[[service]]
name = "watched"
vip = ["10.78.0.150", "fd78::150"]
protocol = "tcp"
port = 8
mode = "l2dsr"
algorithm = "fastest-response-time"
health.type = "none"
"""


def _network(folder: Path, shape: Shape, methods: tuple[str, ...]) -> Iterator[Routed]:
    virtuals = [VIRTUALS[method] for method in methods]
    with routed(shape, folder) as network:
        network.prepare(virtuals)
        network.serve(virtuals)
        text = fastest(config(virtuals, network.shape.places["lb"]))
        network.balancer.start(text, up=0)
        network.wait_up()
        yield network


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """The real servers are behind routers."""
    yield from _network(tmp_path_factory.mktemp("series"), SERIES, ("dscp", "ipip", "gue"))


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """The balancer has an interface on the real servers' segment."""
    yield from _network(tmp_path_factory.mktemp("beside"), BESIDE, ("l2dsr",))


@pytest.fixture(params=VIRTUALS)
def place(request: pytest.FixtureRequest) -> tuple[Routed, Virtual]:
    """A network, and a virtual in it."""
    network = request.getfixturevalue("beside" if request.param == "l2dsr" else "series")
    return network, VIRTUALS[request.param]


def same(capture: Capture, probe: str, called: Syn, port: int, mode: str = "") -> bool:
    """Has there been a probe to the real server that the client called, and was it like that? Mode
    bridge keeps the sender's MAC address, which is another one then."""
    probes = [syn.like(called, HOPS) for syn in capture.syns(probe, port)]
    if mode == "bridge":
        assert all(syn.ethernet[6:12] != called.ethernet[6:12] for syn in probes)
        return replace(called, ethernet=b"") in [replace(syn, ethernet=b"") for syn in probes]
    return called in probes


@pytest.mark.parametrize("family", FAMILIES)
def test_without_replies(place: tuple[Routed, Virtual], family: int) -> None:
    """Probes of the daemon, which both real servers answer."""
    network, virtual = place
    segment = network.shape.places["lb"][-1]
    own, client = address("lb", family, segment), address("client", family, "outer")
    with capturing(network.switch, f"lb-{segment}") as capture:
        network.client.call(upload, virtual.vip(family), PORT, 1000)
        called = capture.syn([client], PORT)
        wait_until("a probe like that", lambda: same(capture, own, called, PORT))

    def measured() -> bool:
        rows = network.balancer.get(f"/reals?service={virtual}-tcp")
        return len(rows) == 4 and all(row["response_ms"] for row in rows)

    wait_until("real servers answered", measured)
    probes = probe_addresses(network.balancer)
    version = ip_address(virtual.vip(family)).version
    echoed = [
        network.lb.call(ping, probe)
        for (service, _), probe in probes.items()
        if service.startswith(f"{virtual}-tcp") and ip_address(probe).version == version
    ]
    assert echoed == [True, True]


@pytest.mark.parametrize("family", FAMILIES)
def test_where_replies_come_back(mode_network: Translated, family: int) -> None:
    """Probes of another program than the daemon, because another service is probed."""
    network = mode_network
    text = network.balancer.file.read_text()
    reals = [network.real_address(host, family) for host in REALS]
    more = "".join(f'[[service.real]]\naddress = "{ip}"\n' for ip in ("10.78.1.99", "fd78:1::99"))
    network.balancer.done("apply", network.balancer.write(text + WATCHED + more))
    own, inside = address("lb", family, network.shape.places["lb"][0]), network.inside
    if network.mode in ("router", "nat"):
        own = address("lb", family, inside)
    clients = network.pool(family) or [address("client", family, "outer")]
    port = network.real_port(PORT)
    try:
        stands_for = probe_addresses(network.balancer)
        probes = [stands_for[f"tcp-{PORT}", real] for real in reals]
        with capturing(network.switch, f"lb-{inside}") as capture:
            network.client.call(upload, VIPS[family], PORT, 1000)
            called = capture.syn(clients, port)
            assert [network.lb.call(knock, probe, PORT) for probe in probes] == ["open"] * 2
            assert [network.lb.call(ping, probe) for probe in probes] == [True, True]
            wait_until("a probe like that", lambda: same(capture, own, called, port, network.mode))
        unserved = stands_for[f"tcp-{PORT + 1}", reals[0]]
        assert network.lb.call(knock, unserved, PORT + 1) == "refused"
    finally:
        network.balancer.done("apply", network.balancer.write(text))
        network.wait_up()
