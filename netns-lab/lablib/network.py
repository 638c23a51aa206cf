# SPDX-License-Identifier: Apache-2.0
"""Build and remove the namespaces of a topology."""

from __future__ import annotations

from pathlib import Path

from lablib.shell import PYTHON, inside, kill_all, processes_in, run
from lablib.topology import Interface, Node, Topology

# What puts several segments into one frame, or a checksum or tag where it is not in the frame.
_OFFLOADS = (
    "tx",
    "off",
    "gso",
    "off",
    "tso",
    "off",
    "gro",
    "off",
    "txvlan",
    "off",
    "rxvlan",
    "off",
)
_PLAIN_BRIDGE = "type bridge mcast_snooping 0 stp_state 0 forward_delay 0"


def _switch_commands(topology: Topology, segment: str) -> list[str]:
    lines = [
        "link set lo up",
        f"link add br0 {_PLAIN_BRIDGE}",
        "link set br0 up",
    ]
    for node, interface in _plugged(topology, segment):
        space = topology.namespace(node.name)
        peer = f"peer name {interface.name} address {interface.mac} netns {space}"
        lines += [
            f"link add {node.name} type veth {peer}",
            f"link set {node.name} master br0 up",
        ]
    return lines


def _plugged(topology: Topology, segment: str) -> list[tuple[Node, Interface]]:
    """What is plugged into a segment's switch."""
    return [
        (node, interface)
        for node in topology.nodes
        for interface in node.interfaces
        if interface.segment == segment
    ]


def _node_commands(node: Node) -> list[str]:
    lines = ["link set lo up"]
    places = [(one.name, one.addresses) for one in node.interfaces]
    if node.bridge is not None:
        lines.append(f"link add {node.bridge.name} {_PLAIN_BRIDGE}")
        lines += [f"link set {one.name} master {node.bridge.name}" for one in node.interfaces]
        places.append((node.bridge.name, node.bridge.addresses))
    for name, addresses in places:
        lines.append(f"link set {name} up")
        for address in addresses:
            nodad = " nodad" if address.version == 6 else ""
            lines.append(f"addr add {address} dev {name}{nodad}")
    lines += [f"route add {route.prefix} via {route.via}" for route in node.routes]
    return lines


def _forward(topology: Topology) -> None:
    """Let what has several segments route. Replies come from a VIP that is on another side of the
    router: what strict rp_filter drops. It is set before there are interfaces, which take over the
    default."""
    settings = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
    settings += ["net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0"]
    for node in topology.nodes:
        if node.forwards:
            run(inside(topology.namespace(node.name), ["sysctl", "-qw", *settings]))


_WINDOW = "net.ipv4.tcp_rmem=4096 65536 131072"
"""What a server has in flight to a client fits into the 256 frames that a veth keeps for a receiver
with XDP (drivers/net/veth.c), so that a slow moment of the machine costs no frame of a demo."""


def _mark(topology: Topology) -> None:
    """Let clients set DSCP 46 (EF) on what they send to VIPs, and use ECN: something to keep."""
    rules = [
        f"add rule inet lab out {'ip' if vip.version == 4 else 'ip6'} daddr {vip} "
        f"{'ip' if vip.version == 4 else 'ip6'} dscp set ef"
        for vip in topology.vips
    ]
    chain = "add chain inet lab out { type route hook output priority mangle; }"
    text = "\n".join(["add table inet lab", chain, *rules]) + "\n"
    for node in topology.role("client"):
        space = topology.namespace(node.name)
        run(inside(space, ["nft", "-f", "-"]), text=text)
        run(inside(space, ["sysctl", "-qw", "net.ipv4.tcp_ecn=1"]))
        run(inside(space, ["sysctl", "-qw", _WINDOW]))


def _batch(namespace: str, lines: list[str]) -> None:
    run(["ip", "-n", namespace, "-batch", "-"], text="\n".join(lines) + "\n")


def build(topology: Topology) -> None:
    """Create namespaces, links, addresses and routes; the balancer's switch ports get their XDP
    program."""
    for place in topology.places:
        run(["ip", "netns", "add", topology.namespace(place)])
    _forward(topology)
    for segment in topology.segments:
        _batch(topology.namespace(segment), _switch_commands(topology, segment))
    for node in topology.nodes:
        space = topology.namespace(node.name)
        _batch(space, _node_commands(node))
        for interface in node.interfaces:
            switch = topology.namespace(interface.segment)
            run(inside(space, ["ethtool", "-K", interface.name, *_OFFLOADS]))
            run(inside(switch, ["ethtool", "-K", node.name, *_OFFLOADS]))
    _mark(topology)
    for interface in topology.balancer.interfaces:
        switch = topology.namespace(interface.segment)
        run(inside(switch, [PYTHON, "-m", "lablib.peer", topology.balancer.name]))


def present(lab: str) -> list[str]:
    """Namespaces of a lab; those of nodes, too, that its topology had when it was built.

    A name in it has no dash: what follows in ``dsrlb-l2dsr-big-r1`` is no node of lab l2dsr.
    """
    prefix = f"dsrlb-{lab}-"
    folder = Path("/run/netns")
    if not folder.is_dir():
        return []
    names = (path.name for path in folder.iterdir() if path.name.startswith(prefix))
    return sorted(name for name in names if "-" not in name.removeprefix(prefix))


def remove(lab: str) -> list[str]:
    """Remove a lab's namespaces and every process in them; returns their names."""
    found = present(lab)
    for namespace in found:
        kill_all(processes_in(namespace))
    for namespace in found:
        run(["ip", "netns", "del", namespace])
    return found
