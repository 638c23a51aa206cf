# SPDX-License-Identifier: Apache-2.0
"""The way to real servers behind routers: routes and routers change, several routers share it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from tests.lab.plain import PORT, VIPS
from tests.lab.routed import Routed, routed
from tests.lab.shapes import FAMILIES, PARALLEL, REALS, ROUTERS, Virtual, address, prefix
from tests.lab.sniff import sniffing
from tests.lab.traffic import Load, request, serves
from tests.waiting import wait_until

TUNNELLED = Virtual("ipip", 100)  # with the VIPs that Load asks
VIRTUALS = (TUNNELLED, Virtual("dscp", 101), Virtual("gue", 102))
FLOWS = 64
FOLLOWED_SECONDS = 1.0
MARK = b"--"  # in front of a flow's name; the real server writes its own name over it
NEW_MAC = "02:00:00:00:78:03"
FROM_HERE = 4  # PACKET_OUTGOING: what the switch sends to the balancer


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    """The network, for all tests here."""
    with routed(PARALLEL, tmp_path_factory.mktemp("parallel")) as network:
        network.start(VIRTUALS)
        yield network


@pytest.fixture
def network(built: Routed) -> Routed:
    """The network with its one route, through ra."""
    built.route("lb", "back", "ra")
    _wait_way(built, "ra")
    return built


@contextmanager
def _loaded(network: Routed) -> Iterator[Load]:
    """Clients ask all the time. Nothing they ask may be lost."""
    load = Load(network.client)
    load.start()
    try:
        yield load
    finally:
        load.stop()
    assert load.errors == []


def _macs(network: Routed) -> list[Any]:
    """What `dsrlb macs` shows."""
    rows: list[Any] = json.loads(network.balancer.done("macs", "--json"))
    assert len(rows) == len(REALS) * len(FAMILIES)
    return rows


def _mac(network: Routed, router: str) -> str:
    return network.hosts[router].mac("front")


def _goes(network: Routed, router: str) -> bool:
    """Does everything go through one router?"""
    ways = {
        (row["via"], row["mac"], row["interface"], row["state"], len(row["hops"]))
        for row in network.balancer.get("/macs")
    }
    mac = _mac(network, router)
    return ways == {
        (address(router, family, "front"), mac, "front", "resolved", 0) for family in FAMILIES
    }


def _wait_way(network: Routed, router: str) -> None:
    wait_until(f"the balancer sends through {router}", lambda: _goes(network, router))


@contextmanager
def _followed(network: Routed, router: str) -> Iterator[None]:
    """What changes inside makes everything go through the router, soon."""
    yield
    began = time.monotonic()
    _wait_way(network, router)
    assert time.monotonic() - began < FOLLOWED_SECONDS


class Flows:
    """Flows of UDP, and by which routers the balancer sends each."""

    def __init__(self, network: Routed, stack: ExitStack) -> None:
        self._routers = {_mac(network, router): router for router in ROUTERS}
        self._wire = stack.enter_context(network.switch.call(_listen, "lb-front"))
        self._channels = {
            f"{virtual} {family} {number}".encode(): stack.enter_context(
                network.client.call(_connected, virtual.vip(family))
            )
            for virtual in VIRTUALS
            for family in FAMILIES
            for number in range(FLOWS)
        }

    def ways(self) -> dict[bytes, str]:
        """Ask three times in every flow, and be answered; returns the router of each flow."""
        found = self._ask(3)
        assert {len(routers) for routers in found.values()} == {3}
        assert {len(set(routers)) for routers in found.values()} == {1}, "a flow has several ways"
        return {word: routers[0] for word, routers in found.items()}

    def _ask(self, times: int) -> dict[bytes, list[str]]:
        """Returns the routers that each flow's packets went to."""
        self._frames()
        for word, channel in self._channels.items():
            for _ in range(times):
                channel.send(MARK + word)
                assert channel.recv(100)[2:] == word
        found: dict[bytes, list[str]] = {word: [] for word in self._channels}
        for frame in self._frames():
            _, mark, word = frame.rpartition(MARK)
            if mark and word in found:
                found[word].append(self._routers[frame[:6].hex(":")])
        return found

    def wait(self, *routers: str) -> None:
        """Wait until every method uses all of these in each family, and no others."""
        wait_until(f"flows use {routers}", lambda: self._used() == {frozenset(routers)})

    def _used(self) -> set[frozenset[str]]:
        used: dict[bytes, set[str]] = {}
        for word, routers in self._ask(1).items():
            used.setdefault(word.rpartition(b" ")[0], set()).update(routers)
        return {frozenset(routers) for routers in used.values()}

    def _frames(self) -> list[bytes]:
        """What has come from the balancer."""
        frames = []
        with suppress(BlockingIOError):
            while True:
                frame, place = self._wire.recvfrom(2000)
                if place[2] != FROM_HERE:
                    frames.append(frame)
        return frames


def _listen(name: str) -> socket.socket:
    """Hear everything on an interface."""
    everything = 3  # ETH_P_ALL
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(everything))
    wire.bind((name, everything))
    wire.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    wire.setblocking(False)
    return wire


def _connected(vip: str) -> socket.socket:
    channel = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
    channel.settimeout(3)
    channel.connect((vip, PORT))
    return channel


def test_changed_route_is_followed_under_load(network: Routed) -> None:
    with ExitStack() as stack, _loaded(network) as load:
        flows = Flows(network, stack)
        flows.wait("ra")
        for router in ("rb", "ra", "rb"):
            with _followed(network, router):
                network.route("lb", "back", router)
            flows.wait(router)
            load.progress(50)
    shown = {(row["via"], row["mtu"]) for row in _macs(network)}
    assert shown == {(address("rb", family, "front"), 1500) for family in FAMILIES}


def test_routers_new_mac_is_followed_under_load(network: Routed) -> None:
    """The router tells it to everybody, as routers do that take over from others."""
    old, router = _mac(network, "ra"), network.hosts["ra"]
    with _loaded(network) as load:
        for mac in (NEW_MAC, old):
            with _followed(network, "ra"):
                router.batch(f"link set front address {mac}")
            load.progress(50)
        assert _mac(network, "ra") == old


def _unplug(network: Routed, router: str) -> None:
    """Nothing that it sends arrives, nor what is sent to it; its interface does not see that."""
    network.switch.batch(f"link set {router}-front nomaster")


def _plug(network: Routed, router: str) -> None:
    network.switch.batch(f"link set {router}-front master front")


def test_silent_router(network: Routed) -> None:
    reasons = {
        f"router {address('ra', 4, 'front')}: no answer to ARP on front",
        f"router {address('ra', 6, 'front')}: no answer to neighbour solicitation on front",
    }

    def silent() -> bool:
        return {(row["state"], row["reason"]) for row in network.balancer.get("/reals")} == {
            ("unresolved", reason) for reason in reasons
        }

    assert serves(network.client)
    _unplug(network, "ra")
    try:
        wait_until("the balancer has noticed", silent)
        assert {(row["state"], row["reason"]) for row in _macs(network)} == {
            ("unresolved", reason) for reason in reasons
        }
        wait_until("it gives them no flows", lambda: network.balancer.count_up() == 0)
    finally:
        _plug(network, "ra")
    _wait_way(network, "ra")
    assert serves(network.client)


def test_no_route(network: Routed) -> None:
    for family in FAMILIES:
        network.lb.run("ip", f"-{family}", "route", "del", prefix("back", family))
    wait_until(
        "the balancer has noticed",
        lambda: all(
            row["reason"].startswith("no route to ") for row in network.balancer.get("/reals")
        ),
    )
    wait_until("it gives them no flows", lambda: network.balancer.count_up() == 0)
    network.route("lb", "back", "rb")
    _wait_way(network, "rb")
    assert serves(network.client)


def _hops(network: Routed) -> set[frozenset[str]]:
    """The routers of the next hops of each real server's address."""
    found = set()
    for row in network.balancer.get("/macs"):
        ours = {address(each, 6 if ":" in row["address"] else 4, "front"): each for each in ROUTERS}
        found.add(frozenset(ours[hop["via"]] for hop in row["hops"]))
    return found


def _wait_hops(network: Routed, *routers: str) -> None:
    wait_until(f"next hops {routers}", lambda: _hops(network) == {frozenset(routers)})


def test_multipath_route(network: Routed) -> None:
    """Every flow has one way. When a router goes, only its flows move, and come back with it."""
    with ExitStack() as stack:
        flows = Flows(network, stack)
        network.route("lb", "back", *ROUTERS)
        _wait_hops(network, *ROUTERS)
        flows.wait(*ROUTERS)
        before = flows.ways()
        _unplug(network, "rb")
        try:
            _wait_hops(network, "ra", "rc")
            for row in _macs(network):
                assert (row["state"], len(row["hops"])) == ("resolved", 2)
                assert row["reason"].startswith("2 of 3 next hops; router ")
            flows.wait("ra", "rc")
            during = flows.ways()
        finally:
            _plug(network, "rb")
        stayed = {word: router for word, router in before.items() if router != "rb"}
        assert {word: during[word] for word in stayed} == stayed
        _wait_hops(network, *ROUTERS)
        flows.wait(*ROUTERS)
        assert flows.ways() == before


def test_changed_method_under_load(network: Routed) -> None:
    """The real servers are prepared for both."""
    network.prepare([Virtual("gue", TUNNELLED.number)])
    tunnelled = "udp dst port 6080 or ip proto 4 or ip6 proto 41"
    with _loaded(network) as load:
        for method in ("gue", "ipip"):
            for protocol in ("tcp", "udp"):
                name = f"{TUNNELLED}-{protocol}"
                network.balancer.done("service", "set", name, "--method", method)
            with sniffing(network.switch, "lb-front", tunnelled, "-Q", "in") as sniff:
                for vip in VIPS:
                    for protocol in ("tcp", "udp"):
                        served = request(network.client, vip, protocol, 4)
                        assert set(served) == set(REALS)
                load.progress(50)
                sniff.wait("IP", least=50)
                newest = sniff.lines()[-25:]  # before them may be what was on its way
                in_udp = {".6080: UDP" in line for line in newest}
                assert in_udp == {method == "gue"}
