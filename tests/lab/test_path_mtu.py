# SPDX-License-Identifier: Apache-2.0
"""Much data over links of 1400 bytes, in every method: nobody waits for what does not fit."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import scale
from tests.lab.bulk import download, upload
from tests.lab.plain import PORT
from tests.lab.routed import Routed, path_mtu, routed
from tests.lab.shapes import BESIDE, FAMILIES, REALS, SERIES, Shape, Virtual, address
from tests.lab.sniff import sniffing
from tests.waiting import wait_until

MTU = 1400
LARGE = 1460  # an MSS for links of 1500 bytes
OVERHEAD = {"ipip": {4: 20, 6: 40}, "gue": {4: 28, 6: 48}}
TOO_BIG = "icmp[icmptype] == icmp-unreach or (ip6 proto 58 and ip6[40] == 2)"
L3DSR = ("dscp", "ipip", "gue")

# The real servers allow segments that do not fit: ICMP has to do it.
OPEN = {
    "l2dsr": Virtual("l2dsr", 103, LARGE),
    "dscp": Virtual("dscp", 101, LARGE),
    "ipip": Virtual("ipip", 100, LARGE),
    "gue": Virtual("gue", 102, LARGE),
}
# They allow what fits: by default through their own interface (ipip, gue), or as they are told.
CLAMPED = {
    "l2dsr": Virtual("l2dsr", 113, 1340),
    "dscp": Virtual("dscp", 111, 1340),
    "ipip": Virtual("ipip", 110),
    "gue": Virtual("gue", 112),
}
# Where it is narrow. "middle": between two routers; the real servers' own interfaces are wider.
PLACES = [
    *(("back", method) for method in L3DSR),
    *(("middle", method) for method in L3DSR),
    ("back", "l2dsr"),
]


def _build(folder: Path, shape: Shape, *methods: str, balancer: str = "") -> Iterator[Routed]:
    with routed(shape, folder) as network:
        network.set_mtu("back", MTU)
        for host in REALS:
            (gateway,) = network.shape.ways[host].values()
            network.route(host, "all", gateway, more=f"advmss {LARGE}")
        network.start([each[method] for method in methods for each in (OPEN, CLAMPED)], balancer)
        yield network


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """The real servers are behind routers. IPv6 has a prefix as the source of its tunnels."""
    source = 'tunnel_source = ["fd78:9::/64"]'
    yield from _build(tmp_path_factory.mktemp("series"), SERIES, *L3DSR, balancer=source)


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """The balancer has an interface on the real servers' segment."""
    yield from _build(tmp_path_factory.mktemp("beside"), BESIDE, "l2dsr")


@dataclass(frozen=True)
class Place:
    """A network with one narrow segment, and a method."""

    network: Routed
    narrow: str
    method: str

    def transfer(self, vip: str, up: bool) -> None:
        """Much data to, or from, each of the real servers."""
        size = scale.count("lab_transfer_bytes")
        began = time.monotonic()
        call, work = self.network.client.call, upload if up else download
        assert Counter(call(work, vip, PORT, size) for _ in REALS) == dict.fromkeys(REALS, 1)
        name = f"lab_transfer_bytes {'to' if up else 'from'} {vip}, narrow {self.narrow}"
        asked = size * len(REALS)
        scale.record(name, asked, asked, 0, time.monotonic() - began)


@pytest.fixture(params=PLACES, ids="-".join)
def place(request: pytest.FixtureRequest) -> Place:
    """Every method with every narrow link that it can meet; neither end knows of it."""
    narrow, method = request.param
    network: Routed = request.getfixturevalue("beside" if method == "l2dsr" else "series")
    if method != "l2dsr":
        for segment in ("middle", "back"):
            network.set_mtu(segment, MTU if segment == narrow else 1500)
    network.flush()
    return Place(network, narrow, method)


@contextmanager
def _advised(place: Place) -> Iterator[None]:
    """The MTU is in the balancer's route: with dscp it cannot know otherwise."""
    network = place.network
    if place.method != "dscp":
        yield
        return
    network.route("lb", "all", "ra", more=f"mtu {MTU}")
    try:
        wait_until(
            "the balancer has seen it",
            lambda: {row["mtu"] for row in network.balancer.get("/macs")} == {MTU},
        )
        yield
    finally:
        network.route("lb", "all", "ra")


@pytest.mark.soak
def test_up_with_segments_that_do_not_fit(place: Place) -> None:
    """The client learns from the VIP what fits; the balancer, where it tunnels, from routers."""
    network, method = place.network, place.method
    if method in OVERHEAD:
        network.forget()
    for family in FAMILIES:
        vip = OPEN[method].vip(family)
        fitting = MTU - OVERHEAD.get(method, {}).get(family, 0)
        before = network.reasons()
        with (
            _advised(place),
            sniffing(network.client, "outer", TOO_BIG, "-Q", "in") as sniff,
        ):
            place.transfer(vip, up=True)
            sniff.wait(rf" {vip} > .*mtu {fitting}\b")
            assert all(f" {vip} > " in line for line in sniff.lines()), "told by others"
        assert path_mtu(network.client, vip) == fitting
        after = network.reasons()
        assert after["answered-too-big"] > before["answered-too-big"]
        assert (after["tunnel-error"] > before["tunnel-error"]) == (method in OVERHEAD)


@pytest.mark.soak
def test_up_with_clamped_segments(place: Place) -> None:
    """What `real-server setup` allows fits: nobody has to be told."""
    network = place.network
    for family in FAMILIES:
        vip = CLAMPED[place.method].vip(family)
        before = network.reasons()
        place.transfer(vip, up=True)
        assert path_mtu(network.client, vip) == 0
        assert network.reasons()["answered-too-big"] == before["answered-too-big"]


@pytest.mark.soak
def test_down(place: Place) -> None:
    """Replies do not cross the balancer; what a router says about them to the VIP does."""
    network = place.network
    for family in FAMILIES:
        before = network.reasons()
        place.transfer(OPEN[place.method].vip(family), up=False)
        client = address("client", family, "outer")
        told = {host: path_mtu(one, client) for host, one in network.reals.items()}
        assert told == dict.fromkeys(REALS, MTU if place.narrow == "middle" else 0)
        after = network.reasons()
        assert {name for name in after if after[name] != before[name]} <= {"pass", "forwarded"}
