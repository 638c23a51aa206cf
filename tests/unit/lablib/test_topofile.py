# SPDX-License-Identifier: Apache-2.0
"""Topology files, and ways through topologies."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lablib.promises import METHODS
from lablib.shell import LabError
from lablib.topofile import FOLDER, demos, load, names
from lablib.topology import TRANSLATED, Topology, sights

ROUTED = ("l3dsr-dscp", "l3dsr-gue", "l3dsr-ipip")


def test_there_is_a_topology_of_every_method() -> None:
    assert sorted(METHODS) == sorted(load(name).kind for name in demos())


@pytest.mark.parametrize("name", names())
def test_the_configuration_says_the_same(name: str) -> None:
    """What a topology says of its balancer is in the balancer's configuration."""
    topology = load(name)
    config = tomllib.loads(topology.config.read_text())
    for service in config["service"]:
        assert service["mode"] == topology.mode
        table = service.get("l3dsr", {})
        assert (table.get("method"), table.get("dscp")) == (topology.method, topology.dscp)
        assert service["vip"] == [str(vip) for vip in topology.vips]
        assert service["name"] in topology.shares
        groups = [group for group in config["group"] if group["name"] == service.get("group")]
        reals = [real for one in (*groups, service) for real in one.get("real", ())]
        given = topology.real_ports.get(service["name"])
        assert {real.get("port") for real in reals} == {given}
        assert len(reals) == len(topology.role("real"))
    pools = [service["snat"]["pool"] for service in config["service"] if "snat" in service]
    assert bool(pools) == bool(topology.pool)
    assert all([text.partition("-")[0] for text in pool] == _firsts(topology) for pool in pools)
    outbound = any(service.get("outbound") for service in config["service"])
    assert outbound == topology.outbound
    sources = config["balancer"].get("tunnel_source", [])
    assert sources == [str(prefix) for prefix in topology.tunnel_source]
    names = [interface.name for interface in topology.balancer.interfaces]
    assert config["balancer"]["interfaces"] == names
    bridge = topology.balancer.bridge
    bridges = [(one["name"], one["ports"], one["reals_on"]) for one in config.get("bridge", ())]
    assert bridges == ([(bridge.name, names, names[-1])] if bridge else [])


def _firsts(topology: Topology) -> list[str]:
    """The first address of the pool in each family."""
    pools = [[one for one in topology.pool if one.version == version] for version in (4, 6)]
    return [str(pool[0]) for pool in pools if pool]


def test_one_segment_needs_no_name() -> None:
    topology = load("l2dsr")
    assert topology.segments == ("sw",)
    assert topology.places == ["sw", "client", "lb", "r1", "r2", "r3"]
    assert {one.name for node in topology.nodes for one in node.interfaces} == {"eth0"}
    legs = topology.path(topology.balancer, topology.role("real")[1])
    assert [point for point, _ in sights(legs)] == ["sw-lb", "sw-r2", "r2"]


@pytest.mark.parametrize("name", ROUTED)
def test_a_way_through_a_router(name: str) -> None:
    topology = load(name)
    router = topology.role("router")[0]
    assert [one.name for one in router.interfaces] == ["eth0", "eth1"]
    assert topology.levels == {"front": 0, "back": 1}
    there = topology.path(topology.balancer, topology.role("real")[0])
    assert [(leg.segment, leg.sender.name, leg.receiver.name) for leg in there] == [
        ("front", "lb", "router"),
        ("back", "router", "r1"),
    ]
    assert [leg.source_mac for leg in there] == [topology.balancer.mac, router.interfaces[1].mac]
    assert [leg.destination_mac for leg in there] == [router.mac, topology.role("real")[0].mac]
    back = topology.path(topology.role("real")[0], topology.client)
    assert [point for point, _ in sights(back)] == [
        "r1",
        "back-r1",
        "back-router",
        "front-router",
        "front-client",
        "client",
    ]


@pytest.mark.parametrize("name", ROUTED)
def test_the_way_to_the_real_servers_and_back(name: str) -> None:
    topology = load(name)
    gateways = {str(route.via) for route in topology.balancer.routes}
    assert gateways == {"10.78.0.254", "fd78::fe"}
    for real in topology.role("real"):
        assert {str(route.prefix) for route in real.routes} == {"0.0.0.0/0", "::/0"}
    routed = {str(route.prefix) for route in topology.role("router")[0].routes}
    assert routed == {str(prefix) for prefix in topology.tunnel_source}


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_way_back_leads_through_the_balancer(name: str) -> None:
    topology = load(name)
    assert topology.translates
    for real in topology.role("real"):
        back = topology.path(real, topology.balancer)
        home = topology.path(topology.balancer, topology.client)
        assert back[-1].receiver is home[0].sender is topology.balancer
    assert topology.balancer.forwards == (name in ("router", "nat"))


def test_a_bridge_has_the_addresses_of_its_node() -> None:
    balancer = load("bridge").balancer
    assert balancer.bridge is not None
    assert (balancer.bridge.name, len(balancer.interfaces)) == ("br0", 2)
    assert not any(one.addresses for one in balancer.interfaces)
    assert [str(balancer.address(version)) for version in (4, 6)] == ["10.80.0.10", "fd80::10"]
    assert balancer.addresses == balancer.bridge.addresses


def test_a_pool_is_a_range() -> None:
    pool = [str(one) for one in load("one-arm").pool]
    assert pool[:4] == [f"10.82.0.{number}" for number in range(200, 204)]
    assert pool[4:] == [f"fd82::{number}" for number in range(200, 204)]


MAC = 'mac = "02:00:00:78:01:11"'
WRONG: dict[str, tuple[str, str, str]] = {
    "an unknown key": ('mode = "l3dsr"', 'mode = "l3dsr"\nmethods = 1', "has no key 'methods'"),
    "a node's unknown key": (MAC, f"{MAC}\nmtu = 1", "node 'r1' has no key 'mtu'"),
    "no MAC address": (MAC, "", "mac is missing"),
    "no such segment": ('segment = "back"', 'segment = "rear"', "there is no segment 'rear'"),
    "a role": ('role = "router"', 'role = "bridge"', "role 'bridge' is none of client, "),
    "a dash": ('name = "r1"', 'name = "r-1"', "node 'r-1': letters and digits only"),
    "a long name": ('name = "r1"', 'name = "realserver000001"', "longer than 15 letters"),
    "a name twice": ('name = "r1"', 'name = "r2"', "2 nodes or segments are called 'r2'"),
    "a node like a segment": ('name = "r1"', 'name = "back"', "are called 'back'"),
    "a MAC address twice": (MAC, MAC.replace("11", "12"), "2 interfaces have MAC address"),
    "an address twice": ('"10.78.1.11/24"', '"10.78.1.12/24"', "address 10.78.1.12"),
    "no address": ('"10.78.1.11/24"', '"10.78.1/24"', "10.78.1/24"),
    "a gateway elsewhere": ('"::/0" = "fd78:1::fe"', '"::/0" = "fd78::fe"', "on none of its"),
    "two clients": ('role = "real"', 'role = "client"', "nodes of role client, not 1"),
    "no way": (
        'segment = "back"\nmac = "02:00:00:78:01:fe"',
        'segment = "other"\nmac = "02:00:00:78:01:fe"',
        "segment 'back' is connected with nothing",
    ),
    "two ways": (
        'segment = "back"\nmac = "02:00:00:78:01:fe"',
        'segment = "front"\nmac = "02:00:00:78:01:fe"',
        "two interfaces on one segment",
    ),
    "no TOML": ('name = "l3dsr-ipip"', "name = l3dsr", "topology.toml: "),
}


WRONG_BRIDGES: dict[str, tuple[str, str, str]] = {
    "a bridge's unknown key": ('name = "br0", ', 'name = "br0", stp = 1, ', "has no key 'stp'"),
    "no name": ('name = "br0", ', "", "name is missing"),
    "a port's addresses": (
        'mac = "02:00:00:80:00:0b"',
        'mac = "02:00:00:80:00:0b"\naddresses = ["10.80.1.1/24"]',
        "node 'lb': its bridge has the addresses, not a port",
    ),
    "a service": ('mode = "bridge"', 'mode = "bridge"\nreal_ports = { ssh = 22 }', "'ssh' is none"),
    "a pool's end": ('mode = "bridge"', 'mode = "bridge"\npool = ["10.0.0.1-x"]', "'x'"),
    "a pool of two families": (
        'mode = "bridge"',
        'mode = "bridge"\npool = ["10.0.0.1-fd00::1"]',
        "'10.0.0.1-fd00::1' is no range",
    ),
    "a pool backwards": (
        'mode = "bridge"',
        'mode = "bridge"\npool = ["10.0.0.2-10.0.0.1"]',
        "'10.0.0.2-10.0.0.1' is no range",
    ),
}


@pytest.mark.parametrize("name", WRONG_BRIDGES)
def test_a_wrong_bridge_is_refused(name: str, tmp_path: Path) -> None:
    old, new, message = WRONG_BRIDGES[name]
    text = (FOLDER / "bridge.toml").read_text()
    assert old in text
    path = tmp_path / "topology.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(LabError, match=message):
        load(str(path))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused(name: str, tmp_path: Path) -> None:
    old, new, message = WRONG[name]
    text = (FOLDER / "l3dsr-ipip.toml").read_text()
    assert old in text
    if name == "no way":
        text = text.replace('segments = ["front", "back"]', 'segments = ["front", "back", "other"]')
    path = tmp_path / "topology.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(LabError) as refused:
        load(str(path))
    assert str(path) in str(refused.value)
    assert message in str(refused.value)


def test_no_way_is_an_error() -> None:
    """Real servers pass nothing on."""
    topology = load("l3dsr-dscp")
    nodes = tuple(node for node in topology.nodes if node.role != "router")
    cut = type(topology)(
        **{key: getattr(topology, key) for key in topology.__slots__} | {"nodes": nodes}
    )
    with pytest.raises(LabError, match="no way leads from client to r1"):
        cut.path(cut.client, cut.role("real")[0])
