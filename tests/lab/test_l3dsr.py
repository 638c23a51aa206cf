# SPDX-License-Identifier: Apache-2.0
"""What packets of every method meet: fragments, ICMP errors, used-up TTLs, stateful firewalls."""

from __future__ import annotations

import json
import select
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.bulk import download, exchange, upload
from tests.lab.datagrams import answer, datagrams
from tests.lab.plain import PORT, run
from tests.lab.routed import Routed, path_mtu, routed
from tests.lab.shapes import BESIDE, FAMILIES, REALS, SERIES, Shape, Virtual, address
from tests.lab.sniff import sniffing

VIRTUALS = {
    "l2dsr": Virtual("l2dsr", 103),
    "dscp": Virtual("dscp", 101),
    "ipip": Virtual("ipip", 100),
    "gue": Virtual("gue", 102),
}
FRAGMENTED = 4000
NARROW = 1400
SOME = 300_000
UNSERVED = PORT + 1
FRAGMENTS = "ip[6:2] & 0x3fff != 0 or ip6 proto 44"
FIREWALL = """
table inet guard {
    counter related { }
    counter invalid { }
    counter refused { }
    chain input {
        type filter hook input priority filter; policy drop
        ct state established accept
        ct state related counter name related accept
        ct state invalid counter name invalid drop
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
        meta l4proto { tcp, udp } th dport 8000 accept
        counter name refused
    }
}
"""


def _build(folder: Path, shape: Shape, *methods: str) -> Iterator[Routed]:
    with routed(shape, folder) as network:
        network.start([VIRTUALS[method] for method in methods])
        yield network


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """The real servers are behind routers."""
    yield from _build(tmp_path_factory.mktemp("series"), SERIES, "dscp", "ipip", "gue")


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """The balancer has an interface on the real servers' segment."""
    yield from _build(tmp_path_factory.mktemp("beside"), BESIDE, "l2dsr")


@dataclass(frozen=True)
class Place:
    """A network, and a virtual in it."""

    network: Routed
    virtual: Virtual

    @property
    def method(self) -> str:
        """How packets get to the real servers."""
        return self.virtual.method

    def vip(self, family: int) -> str:
        """The VIP of a family."""
        return self.virtual.vip(family)

    def exchanges(self, family: int, size: int, checked: bool = True) -> Counter[str]:
        """Datagrams of so many bytes, in four flows; returns who answered how many: both did."""
        arguments = (exchange, self.vip(family), PORT, size, checked)
        served = Counter(self.network.client.call(*arguments) for _ in range(4))
        assert set(served) == set(REALS)
        return served


@pytest.fixture(params=VIRTUALS)
def place(request: pytest.FixtureRequest) -> Place:
    """Every method. Nobody knows of narrow links."""
    method = request.param
    network: Routed = request.getfixturevalue("beside" if method == "l2dsr" else "series")
    network.flush()
    return Place(network, VIRTUALS[method])


@contextmanager
def _narrow_for_replies(network: Routed) -> Iterator[None]:
    """The last link to the client is narrow, that way."""
    router = network.hosts["rc"]
    router.batch(f"link set outer mtu {NARROW}")
    try:
        yield
    finally:
        router.batch("link set outer mtu 1500")


@pytest.mark.parametrize("family", FAMILIES)
def test_fragmented_datagrams(place: Place, family: int) -> None:
    vip, client = place.vip(family), address("client", family, "outer")
    before = place.network.reasons()
    with sniffing(place.network.client, "outer", FRAGMENTS) as sniff:
        place.exchanges(family, FRAGMENTED)
        for source, destination in ((client, vip), (vip, client)):
            sniff.wait(rf" {source}\S* > {destination}", least=4 * 3)
    after = place.network.reasons()
    assert after["fragment-early"] - before["fragment-early"] <= 2  # of the one that did not fit
    assert after["fragment"] == before["fragment"]


def test_datagrams_without_checksum(place: Place) -> None:
    unchecked = f"udp dst port {PORT} and udp[6:2] == 0"
    with ExitStack() as stack:
        sniffs = {
            host: stack.enter_context(sniffing(one, "back", unchecked))
            for host, one in place.network.reals.items()
        }
        served = place.exchanges(4, 100, checked=False)
        for host, sniff in sniffs.items():
            sniff.wait(f"{PORT}: UDP, length 100", least=served[host])
    place.exchanges(4, FRAGMENTED, checked=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_router_says_of_replies_reaches_their_real_server(place: Place, family: int) -> None:
    """It could not send on what does not fit, and tells the VIP."""
    network, client = place.network, address("client", family, "outer")
    with _narrow_for_replies(network):
        served = network.client.call(download, place.vip(family), PORT, SOME)
        told = {host: path_mtu(one, client) for host, one in network.reals.items()}
        assert told == {host: NARROW if host == served else 0 for host in REALS}


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_client_refuses_is_told_to_the_real_server(place: Place, family: int) -> None:
    """A reply comes too late: the port is closed, which the socket that sent it has to hear."""
    network, vip = place.network, (place.vip(family), UNSERVED)
    with ExitStack() as stack:
        waiting = [
            stack.enter_context(one.call(datagrams, family, vip)) for one in network.reals.values()
        ]
        with network.client.call(datagrams, family) as client:
            client.sendto(b"who", vip)
            (asked,), _, _ = select.select(waiting, [], [], 3)
            _, sender = asked.recvfrom(100)
        asked.connect(sender)
        asked.send(b"late")
        with pytest.raises(ConnectionRefusedError):
            asked.recv(100)


@pytest.mark.parametrize("family", FAMILIES)
def test_traceroute(place: Place, family: int) -> None:
    """Where it routes, the balancer is a hop; in a tunnel, the routers behind it are none."""
    hops = [address("rc", family, "outer")]
    if place.method != "l2dsr":
        hops.append(address("lb", family, "front"))
    if place.method == "dscp":
        hops += [address("ra", family, "front"), address("rb", family, "middle")]
    vip, call = place.vip(family), place.network.client.call
    before = place.network.reasons()["answered-time-exceeded"]
    assert [call(answer, vip, count) for count in range(1, len(hops) + 1)] == hops
    assert call(answer, vip, len(hops) + 1) in REALS
    told = place.network.reasons()["answered-time-exceeded"] - before
    assert told == (place.method != "l2dsr")


@contextmanager
def _guarded(network: Routed) -> Iterator[None]:
    """The real servers have a firewall that goes by connections."""
    for one in network.reals.values():
        run(*one.enter("nft", "-f", "-"), given=FIREWALL)
    try:
        yield
    finally:
        for one in network.reals.values():
            one.run("nft", "delete", "table", "inet", "guard")


def _guards(network: Routed) -> Counter[str]:
    """What the firewalls have counted, together."""
    packets: Counter[str] = Counter()
    for one in network.reals.values():
        listed = json.loads(one.run("nft", "-j", "list", "counters", "table", "inet", "guard"))
        for entry in listed["nftables"]:
            if "counter" in entry:
                packets[entry["counter"]["name"]] += entry["counter"]["packets"]
    return packets


@pytest.mark.parametrize("family", FAMILIES)
def test_real_server_with_a_stateful_firewall(place: Place, family: int) -> None:
    """It sees the connections of the VIP, whatever the packets looked like on their way."""
    network, vip = place.network, place.vip(family)
    with _guarded(network):
        for _ in REALS:
            network.client.call(upload, vip, PORT, SOME)
        place.exchanges(family, FRAGMENTED)
        with _narrow_for_replies(network):
            network.client.call(download, vip, PORT, SOME)
        found = _guards(network)
    assert found["related"]
    assert not found["invalid"]
    assert not found["refused"]


@pytest.mark.parametrize("method", ["ipip", "gue"])
def test_real_servers_of_the_other_family(series: Routed, method: str) -> None:
    """One has an address of IPv6 alone, the other of IPv4 alone; both serve both."""
    virtual = Virtual(method, 104 if method == "ipip" else 105)
    own = {"r1": address("r1", 6, "back"), "r2": address("r2", 4, "back")}
    series.prepare([virtual], {host: ("--address", text) for host, text in own.items()})
    mixed = '[[group]]\nname = "mixed"\nhealth.type = "none"\n'
    mixed += "".join(f'[[group.real]]\naddress = "{text}"\n' for text in own.values())
    series.serve([virtual])
    place = Place(series, virtual)
    with series.also(mixed + virtual.services("mixed")):
        for family in FAMILIES:
            vip = virtual.vip(family)
            for work in (upload, download):
                served = Counter(series.client.call(work, vip, PORT, SOME) for _ in REALS)
                assert served == {"r1": 1, "r2": 1}
            place.exchanges(family, FRAGMENTED)
