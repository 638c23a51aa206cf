# SPDX-License-Identifier: Apache-2.0
"""Topology files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_interface,
)
from pathlib import Path

from lablib.shell import LabError

FOLDER = Path(__file__).resolve().parents[1] / "topologies"
IP = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Node:
    """A namespace with one interface, eth0, on the switch."""

    name: str  # letters and digits
    role: str  # "client" | "balancer" | "real"
    mac: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """A lab: its nodes, VIPs and the balancer's configuration file."""

    name: str
    mode: str
    config: Path
    vips: tuple[IP, ...]
    nodes: tuple[Node, ...]
    shares: dict[str, dict[str, int]]  # service -> real -> weight

    def role(self, role: str) -> list[Node]:
        """The nodes of a role."""
        return [node for node in self.nodes if node.role == role]

    def vip(self, version: int) -> IP:
        """The VIP in a family."""
        return next(vip for vip in self.vips if vip.version == version)

    @property
    def instance(self) -> str:
        """The balancer's --instance."""
        return f"lab-{self.name}"

    def namespace(self, node: str) -> str:
        """The namespace of a node, or of the switch."""
        return f"dsrlb-{self.name}-{node}"


def names() -> list[str]:
    """Topologies that there are."""
    return sorted(
        path.stem for path in FOLDER.glob("*.toml") if not path.name.endswith(".dsrlb.toml")
    )


def load(name: str) -> Topology:
    """Read topologies/NAME.toml, or the topology file NAME; LabError when that does not go."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file() or (path.parent == FOLDER and path.stem not in names()):
        raise LabError(f"no topology {name!r}; there are: {', '.join(names())}, or name a file")
    data = tomllib.loads(path.read_text())
    nodes = tuple(
        Node(
            entry["name"],
            entry["role"],
            entry["mac"],
            tuple(ip_interface(address) for address in entry["addresses"]),
        )
        for entry in data["node"]
    )
    for node in nodes:
        if not (node.name.isascii() and node.name.isalnum()):
            raise LabError(f"{path}: node {node.name!r}: letters and digits only")
    vips = tuple(ip_address(vip) for vip in data["vips"])
    config = path.resolve().parent / data["config"]
    return Topology(data["name"], data["mode"], config, vips, nodes, data["shares"])
