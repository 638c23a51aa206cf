# SPDX-License-Identifier: Apache-2.0
"""A routed test network: a client, a balancer, routers and two real servers on segments.

Each host is a namespace, each segment a bridge in the namespace of the switches. Interfaces have
the name of their segment; a switch's port is named after host and segment: ``lb-front``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.lab.instance import CACHE, Instance
from tests.lab.plain import DSRLB, PORT, PREFIX, ROOT, Namespace, kill_in, run
from tests.lab.programs import attach_pass
from tests.lab.shapes import (
    BRIDGE,
    FAMILIES,
    REALS,
    SUBNETS,
    Shape,
    Virtual,
    address,
    config,
    mac,
    prefix,
)
from tests.waiting import wait_until

BULK = Path(__file__).with_name("bulk.py")
# What puts several segments into one frame, or a checksum or tag where it is not in the frame.
_OFF = [word for name in ("tx", "gso", "tso", "gro", "txvlan", "rxvlan") for word in (name, "off")]
_numbers = count(1)
# Addresses are there at once, and everything is told that is worth an ICMP error.
_SYSCTL = (
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv6.icmp.ratelimit=0",
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.all.router_solicitations=0",
    "net.ipv6.conf.default.router_solicitations=0",
)
# Replies come from a VIP that is on another side of the router. A new MAC address is told to all.
_ROUTER_SYSCTL = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.conf.all.rp_filter=0",
    # With dscp a router's own ICMP errors come back through it, on their way to the real server.
    "net.ipv4.conf.all.accept_local=1",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.default.arp_notify=1",
    "net.ipv6.conf.default.ndisc_notify=1",
)


def _addresses(host: str, segment: str, interface: str) -> list[str]:
    """The commands that give an interface a host's addresses on a segment."""
    return [
        f"address add {address(host, family, segment)}/{length} dev {interface}"
        for family, length in ((4, "24"), (6, "64 nodad"))
    ]


class Routed:
    """The network. ``tag`` makes the names of its namespaces its own."""

    def __init__(self, tag: str, folder: Path, shape: Shape) -> None:
        self.shape = shape
        self.folder = folder
        self.switch = Namespace(f"{PREFIX}{tag}-sw")
        self.hosts = {host: Namespace(f"{PREFIX}{tag}-{host}") for host in shape.places}
        self.client, self.lb, self.ra = (self.hosts[host] for host in ("client", "lb", "ra"))
        self.reals = {host: self.hosts[host] for host in REALS}
        self.balancer = Instance(f"t-{tag}", self.lb, folder)
        self._servers: list[subprocess.Popen[str]] = []

    def up(self) -> None:
        """Build namespaces, links, addresses and routes."""
        everything = (self.switch, *self.hosts.values())
        run("ip", "-batch", "-", given="\n".join(f"netns add {one.name}" for one in everything))
        segments = {name for places in self.shape.places.values() for name in places}
        for host, one in self.hosts.items():
            forwards = _ROUTER_SYSCTL if host in self.shape.routers else ()
            one.run("sysctl", "-qw", *_SYSCTL, *forwards)
        for name in segments:
            self.switch.batch(
                f"link add {name} type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
                f"link set {name} up",
            )
        for host in self.hosts:
            self._plug(host)
        for host in self.hosts:
            for name, via in self.shape.ways.get(host, {}).items():
                self.route(host, name, via)
        for segment in self.shape.places["lb"]:  # for native XDP a veth needs a program at its peer
            attach_pass(self.switch, f"lb-{segment}", "native")

    def _plug(self, host: str) -> None:
        one = self.hosts[host]
        bridged = host in self.shape.bridged
        lines = ["link set lo up"]
        if bridged:
            kind = "type bridge forward_delay 0 stp_state 0 mcast_snooping 0"
            lines += [f"link add {BRIDGE} {kind}", f"link set {BRIDGE} up"]
        for segment in self.shape.places[host]:
            port = f"{host}-{segment}"
            kind = f"address {mac(host, segment)} netns {one.name} type veth"
            peer = f"peer name {port} netns {self.switch.name}"
            run("ip", *f"link add {segment} {kind} {peer}".split())
            one.run("ethtool", "-K", segment, *_OFF)
            self.switch.run("ethtool", "-K", port, *_OFF)
            self.switch.batch(f"link set {port} master {segment}", f"link set {port} up")
            if bridged:
                lines.append(f"link set {segment} master {BRIDGE}")
            lines.append(f"link set {segment} up")
            if not bridged:
                lines += _addresses(host, segment, segment)
        if bridged:
            lines += _addresses(host, self.shape.places[host][0], BRIDGE)
        one.batch(*lines)

    def _shared(self, host: str, other: str) -> str:
        """The segment that two hosts are on."""
        theirs = {SUBNETS[segment] for segment in self.shape.places[other]}
        return next(name for name in self.shape.places[host] if SUBNETS[name] in theirs)

    def route(self, host: str, name: str, *vias: str, more: str = "") -> None:
        """Send what is for a prefix through ``vias``, in both families; ``more`` is for `ip`."""
        for family in FAMILIES:
            gateways = [f"via {address(via, family, self._shared(host, via))}" for via in vias]
            if len(gateways) > 1:
                gateways = [f"nexthop {gateway}" for gateway in gateways]
            words = f"route replace {prefix(name, family)} {more} {' '.join(gateways)}"
            self.hosts[host].run("ip", f"-{family}", *words.split())

    def set_mtu(self, segment: str, mtu: int) -> None:
        """Give the interfaces on a segment another MTU."""
        for host, segments in self.shape.places.items():
            if segment in segments:
                self.hosts[host].batch(f"link set {segment} mtu {mtu}")
                self.switch.batch(f"link set {host}-{segment} mtu {mtu}")

    def prepare(
        self, virtuals: Iterable[Virtual], more: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        """Have `real-server setup` run on the real servers; ``more``: options by host."""
        given = more or dict.fromkeys(REALS, ())
        for virtual in virtuals:
            setups = [self._setup(host, *virtual.setup(), *given[host]) for host in REALS]
            for setup in setups:
                _, errors = setup.communicate(timeout=60)
                assert setup.returncode == 0, errors

    def _setup(self, host: str, *options: str) -> subprocess.Popen[str]:
        own = {"DSRLB_ROOT": str(self.folder / host), "DSRLB_CACHE_DIR": str(CACHE)}
        return subprocess.Popen(
            self.hosts[host].enter(*DSRLB, "real-server", "setup", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **own},
            cwd=ROOT,
        )

    def serve(self, virtuals: Iterable[Virtual]) -> None:
        """Start the servers on the real servers' VIPs."""
        vips = {virtual.vip(family) for virtual in virtuals for family in FAMILIES}
        self.run_servers({host: [(str(BULK), host, str(PORT), *vips)] for host in REALS})

    def run_servers(self, commands: Mapping[str, Iterable[tuple[str, ...]]]) -> None:
        """Start Python programs on hosts, and wait until they are ready."""
        started = []
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        for host, programs in commands.items():
            for program in programs:
                command = self.hosts[host].enter(sys.executable, *program)
                started.append(subprocess.Popen(command, text=True, **pipes))
        self._servers += started
        for server in started:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"

    def start(self, virtuals: Iterable[Virtual], balancer: str = "") -> None:
        """Prepare the real servers, have them serve, and start the balancer."""
        virtuals = tuple(virtuals)
        self.prepare(virtuals)
        self.serve(virtuals)
        self.balancer.start(config(virtuals, self.shape.places["lb"], balancer), up=0)
        self.wait_up()

    def apply(self, text: str) -> None:
        """Give the balancer another configuration, and wait until it has found all real servers."""
        self.balancer.done("apply", self.balancer.write(text))
        self.wait_up()

    def wait_up(self) -> None:
        """Wait until every service has all its real servers."""

        def up() -> bool:
            rows = self.balancer.get("/services")
            return all(row["reals_up"] == row["reals"] for row in rows)

        wait_until("all real servers are up", up)

    @contextmanager
    def also(self, more: str) -> Iterator[None]:
        """More in the balancer's configuration, for a while."""
        text = self.balancer.file.read_text()
        self.apply(text + more)
        try:
            yield
        finally:
            self.apply(text)

    def forget(self) -> None:
        """Have the balancer forget what it was told of MTUs: it does with the real servers."""
        text = self.balancer.file.read_text()
        self.apply(text.partition("[[group]]")[0])
        self.apply(text)

    def flush(self) -> None:
        """Have the kernels at both ends forget what they were told of MTUs."""
        for one in (self.client, *self.reals.values()):
            for family in FAMILIES:
                one.run("ip", f"-{family}", "route", "flush", "cache")

    def reasons(self) -> dict[str, int]:
        """The balancer's packets by reason, of all interfaces together."""
        total: dict[str, int] = {}
        for row in self.balancer.get("/stats"):
            for reason, packets in row["reasons"].items():
                total[reason] = total.get(reason, 0) + int(packets)
        return total

    def down(self) -> None:
        """Remove everything, whatever there is of it."""
        self.balancer.remove()
        for server in self._servers:
            server.kill()
            server.communicate()
        for one in (self.switch, *self.hosts.values()):
            if Path("/run/netns", one.name).exists():
                kill_in(one.name)
                subprocess.run(["ip", "netns", "del", one.name], capture_output=True, check=False)


@contextmanager
def routed(shape: Shape, folder: Path) -> Iterator[Routed]:
    """The network, built and removed."""
    network = Routed(f"{os.getpid()}-r{next(_numbers)}", folder, shape)
    try:
        network.up()
        yield network
    finally:
        network.down()


def path_mtu(one: Namespace, target: str) -> int:
    """The MTU that a host's kernel was told of on the way to an address; 0: of none."""
    (route,) = json.loads(one.run("ip", "-json", "route", "get", target))
    return next((int(metric["mtu"]) for metric in route.get("metrics", []) if "mtu" in metric), 0)
