# SPDX-License-Identifier: Apache-2.0
"""Topology files: TOML, read and checked."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

from lablib.shell import LabError
from lablib.topology import IP, PORTS, ROLES, Bridge, Interface, Node, Route, Topology

FOLDER = Path(__file__).resolve().parents[1] / "topologies"
_ONLY_SEGMENT = "sw"  # of a file that names none
_LONGEST_NAME = 15  # a switch port is called as its node, and IFNAMSIZ is 16
_KEYS = {"name", "mode", "method", "about", "config", "vips", "segments", "node", "shares"}
_KEYS |= {"title", "dscp", "tunnel_source", "pool", "real_ports", "outbound", "demo"}
_NODE_KEYS = {"name", "role", "segment", "mac", "addresses", "interface", "routes", "bridge"}
_BRIDGE_KEYS = {"name", "addresses"}


def names() -> list[str]:
    """Topologies that there are."""
    return sorted(
        path.stem for path in FOLDER.glob("*.toml") if not path.name.endswith(".dsrlb.toml")
    )


def demos() -> list[str]:
    """Topologies that a demo can be made of."""
    return [name for name in names() if load(name).demo]


def load(name: str) -> Topology:
    """Read topologies/NAME.toml, or the topology file NAME; LabError when that does not go."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file() or (path.parent == FOLDER and path.stem not in names()):
        raise LabError(f"no topology {name!r}; there are: {', '.join(names())}, or name a file")
    try:
        topology = _topology(tomllib.loads(path.read_text()), path)
        _check(topology)
    except KeyError as error:
        raise LabError(f"{path}: {error.args[0]} is missing") from error
    except ValueError as error:  # TOML that is none, an address that is none, what _check found
        raise LabError(f"{path}: {error}") from error
    return topology


def _topology(data: dict[str, Any], path: Path) -> Topology:
    _known(data, _KEYS, "the file")
    segments = tuple(data.get("segments", [_ONLY_SEGMENT]))
    return Topology(
        name=data["name"],
        mode=data["mode"],
        method=data.get("method"),
        title=data.get("title", data["name"]),
        about=data.get("about", ""),
        config=path.resolve().parent / data["config"],
        vips=tuple(ip_address(vip) for vip in data["vips"]),
        segments=segments,
        nodes=tuple(_node(entry, segments[0]) for entry in data["node"]),
        shares=data["shares"],
        dscp=data.get("dscp"),
        tunnel_source=tuple(ip_network(prefix) for prefix in data.get("tunnel_source", ())),
        pool=tuple(address for range_ in data.get("pool", ()) for address in _range(range_)),
        real_ports=data.get("real_ports", {}),
        outbound=data.get("outbound", False),
        demo=data.get("demo", True),
    )


def _range(text: str) -> Iterator[IP]:
    """The addresses of "first-last", or of a single one."""
    one, _, other = text.partition("-")
    first, last = ip_address(one), ip_address(other or one)
    if first.version != last.version or int(first) > int(last):
        raise ValueError(f"{text!r} is no range of addresses")
    for number in range(int(last) - int(first) + 1):
        yield first + number


def _bridge(entry: dict[str, Any], node: str) -> Bridge:
    _known(entry, _BRIDGE_KEYS, f"the bridge of node {node!r}")
    return Bridge(entry["name"], tuple(ip_interface(address) for address in entry["addresses"]))


def _node(entry: dict[str, Any], segment: str) -> Node:
    """A node with ``interface``, or with the keys of its only one beside its name."""
    _known(entry, _NODE_KEYS, f"node {entry['name']!r}")
    interfaces = entry.get("interface") or [entry]
    routes = entry.get("routes", {})
    return Node(
        name=entry["name"],
        role=entry["role"],
        interfaces=tuple(
            Interface(
                name=f"eth{number}",
                segment=one.get("segment", segment),
                mac=one["mac"],
                addresses=tuple(ip_interface(address) for address in _addresses(one, entry)),
            )
            for number, one in enumerate(interfaces)
        ),
        routes=tuple(Route(ip_network(to), ip_address(via)) for to, via in routes.items()),
        bridge=_bridge(entry["bridge"], entry["name"]) if "bridge" in entry else None,
    )


def _addresses(interface: dict[str, Any], node: dict[str, Any]) -> list[str]:
    """Of an interface: none of a bridge's port."""
    if "bridge" not in node:
        found: list[str] = interface["addresses"]
        return found
    if "addresses" in interface:
        raise ValueError(f"node {node['name']!r}: its bridge has the addresses, not a port")
    return []


def _known(data: dict[str, Any], keys: set[str], where: str) -> None:
    unknown = sorted(data.keys() - keys)
    if unknown:
        raise ValueError(f"{where} has no key {unknown[0]!r}")


def _check(topology: Topology) -> None:
    for name, count in Counter(topology.places).items():
        if not (name.isascii() and name.isalnum()):
            raise ValueError(f"node {name!r}: letters and digits only")
        if len(name) > _LONGEST_NAME:
            raise ValueError(f"node {name!r}: longer than {_LONGEST_NAME} letters")
        if count > 1:
            raise ValueError(f"{count} nodes or segments are called {name!r}")
    for node in topology.nodes:
        _check_node(topology, node)
    _once("MAC address", (one.mac for node in topology.nodes for one in node.interfaces))
    _once("address", (one.ip for node in topology.nodes for one in node.addresses))
    for role in ("client", "balancer"):
        if len(topology.role(role)) != 1:
            raise ValueError(f"there are {len(topology.role(role))} nodes of role {role}, not 1")
    unknown = sorted(topology.real_ports.keys() - PORTS.keys())
    if unknown:
        raise ValueError(f"real_ports: {unknown[0]!r} is none of {', '.join(PORTS)}")
    lost = [segment for segment in topology.segments if segment not in topology.levels]
    if lost:
        raise ValueError(f"segment {lost[0]!r} is connected with nothing")


def _check_node(topology: Topology, node: Node) -> None:
    if node.role not in ROLES:
        raise ValueError(f"node {node.name!r}: role {node.role!r} is none of {', '.join(ROLES)}")
    for interface in node.interfaces:
        if interface.segment not in topology.segments:
            raise ValueError(f"node {node.name!r}: there is no segment {interface.segment!r}")
    if len({one.segment for one in node.interfaces}) != len(node.interfaces):
        raise ValueError(f"node {node.name!r} has two interfaces on one segment")
    for route in node.routes:
        if not any(route.via in address.network for address in node.addresses):
            raise ValueError(f"node {node.name!r}: {route.via} is on none of its segments")


def _once(what: str, values: Iterable[object]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise ValueError(f"{count} interfaces have {what} {value}")
