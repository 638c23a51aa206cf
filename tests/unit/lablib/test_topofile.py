# SPDX-License-Identifier: Apache-2.0
"""Topology files, and ways through topologies."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lablib.promises import METHODS
from lablib.shell import LabError
from lablib.topofile import FOLDER, load, names
from lablib.topology import sights

ROUTED = ("l3dsr-dscp", "l3dsr-gue", "l3dsr-ipip")


def test_there_is_a_topology_of_every_method() -> None:
    assert sorted(METHODS) == sorted(load(name).kind for name in names())


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
    sources = config["balancer"].get("tunnel_source", [])
    assert sources == [str(prefix) for prefix in topology.tunnel_source]


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
