# SPDX-License-Identifier: Apache-2.0
"""Build and remove the namespaces of a topology."""

from __future__ import annotations

from pathlib import Path

from lablib.shell import PYTHON, inside, kill_all, processes_in, run
from lablib.topology import Node, Topology

SWITCH = "sw"
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


def _switch_commands(topology: Topology) -> list[str]:
    lines = [
        "link set lo up",
        "link add br0 type bridge mcast_snooping 0 stp_state 0 forward_delay 0",
        "link set br0 up",
    ]
    for node in topology.nodes:
        space = topology.namespace(node.name)
        lines += [
            f"link add {node.name} type veth peer name eth0 address {node.mac} netns {space}",
            f"link set {node.name} master br0 up",
        ]
    return lines


def _node_commands(node: Node) -> list[str]:
    lines = ["link set lo up", "link set eth0 up"]
    for address in node.addresses:
        nodad = " nodad" if address.version == 6 else ""
        lines.append(f"addr add {address} dev eth0{nodad}")
    return lines


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


def _batch(namespace: str, lines: list[str]) -> None:
    run(["ip", "-n", namespace, "-batch", "-"], text="\n".join(lines) + "\n")


def build(topology: Topology) -> None:
    """Create namespaces, links and addresses; the balancer's switch port gets its XDP program."""
    for name in (SWITCH, *(node.name for node in topology.nodes)):
        run(["ip", "netns", "add", topology.namespace(name)])
    switch = topology.namespace(SWITCH)
    _batch(switch, _switch_commands(topology))
    for node in topology.nodes:
        space = topology.namespace(node.name)
        _batch(space, _node_commands(node))
        run(inside(space, ["ethtool", "-K", "eth0", *_OFFLOADS]))
        run(inside(switch, ["ethtool", "-K", node.name, *_OFFLOADS]))
    _mark(topology)
    for node in topology.role("balancer"):
        run(inside(switch, [PYTHON, "-m", "lablib.peer", node.name]))


def present(lab: str) -> list[str]:
    """Namespaces of a lab; those of nodes, too, that its topology had when it was built.

    A node's name has no dash: what follows in ``dsrlb-l2dsr-big-r1`` is no node of lab l2dsr.
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
