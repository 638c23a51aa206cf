# SPDX-License-Identifier: Apache-2.0
"""The network: a switch, a client, ten real servers, and a namespace for each variant."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dsrlb.errors import DsrlbError
from dsrlb.realserver import Request, setup
from tests.bench.endtoend.variants import (
    CLIENT,
    CLIENT_MAC,
    DSCP,
    REALS,
    VARIANTS,
    Variant,
    dsrlb_config,
    haproxy_config,
    nft_rules,
    real,
    real_mac,
)
from tests.lab.instance import Instance
from tests.lab.plain import ROOT, Namespace, kill_in, listed, remove_instance, run
from tests.lab.programs import attach_pass
from tests.waiting import wait_until

PREFIX = "dsrlb-bench-"
FOLDER = ROOT / "build/bench/endtoend"
"""Of configuration files and logs, as long as the network is there."""
_INSTANCE = "bench-"
_OFF = [word for name in ("tx", "gso", "tso", "txvlan", "rxvlan") for word in (name, "off")]
_SYSCTL = (
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
    "net.ipv4.ip_local_port_range=1024 65535",
)
_ROUTER_SYSCTL = (
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
)
_GATEWAYS = tuple(one for one in VARIANTS if one.arrival.name == "REAL")


@contextmanager
def _own_root(folder: Path) -> Iterator[None]:
    """A real server is a host of its own: so is its /var."""
    os.environ["DSRLB_ROOT"] = str(folder)
    try:
        yield
    finally:
        del os.environ["DSRLB_ROOT"]


class Network:
    """Everything in it is found again by name, also by a later run that removes it."""

    def __init__(self, folder: Path, variants: Sequence[Variant]) -> None:
        self.variants = variants
        self.switch = Namespace(f"{PREFIX}switch")
        self.client = Namespace(f"{PREFIX}client")
        self.reals = [Namespace(f"{PREFIX}r{number}") for number in range(REALS)]
        self.balancers = {one.name: Namespace(f"{PREFIX}{one.name}") for one in variants}
        self.instances: dict[str, Instance] = {}
        self.haproxy: subprocess.Popen[bytes] | None = None
        self.folder = folder

    def up(self) -> None:
        """Build it, and start the balancers."""
        everything = (self.switch, self.client, *self.reals, *self.balancers.values())
        run("ip", "-batch", "-", given="\n".join(f"netns add {one.name}" for one in everything))
        for one in everything:
            one.run("sysctl", "-qw", *_SYSCTL)
        self.switch.batch(
            "link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
            "link set br0 up",
        )
        self._plug(self.client, "client", CLIENT_MAC, str(CLIENT))
        for variant in self.variants:
            own = variant.clients + 9  # what real clients connect from, so that replies come back
            way = f"via {variant.address} " if variant.kind == "kernel" else ""
            self.client.batch(
                f"address add {own}/32 dev client",
                f"route add {variant.vip}/32 {way}dev client src {own}",
            )
        for number, one in enumerate(self.reals):
            self._real(number, one)
            with _own_root(self.folder / f"r{number}"):
                self._prepare(number, one)
        for variant in self.variants:
            self._balancer(variant)

    def _plug(self, one: Namespace, name: str, mac: str, address: str) -> None:
        """Give a namespace its interface, of that name at both ends."""
        kind = f"link add {name} address {mac} netns {one.name} type veth"
        run("ip", *f"{kind} peer name {name} netns {self.switch.name}".split())
        one.run("ethtool", "-K", name, *_OFF)
        self.switch.run("ethtool", "-K", name, *_OFF)
        one.batch("link set lo up", f"address add {address}/16 dev {name}", f"link set {name} up")
        self.switch.batch(f"link set {name} master br0", f"link set {name} up")

    def _real(self, number: int, one: Namespace) -> None:
        name = f"r{number}"
        self._plug(one, name, real_mac(number), str(real(number)))
        lines = []
        for variant in self.variants:
            gateway = variant.address if variant in _GATEWAYS else CLIENT
            lines.append(f"route add {variant.clients - 1}/24 via {gateway}")
        one.batch(*lines)

    def _prepare(self, number: int, one: Namespace) -> None:
        """What `dsrlb real-server setup` does, for each mode that needs it."""
        for variant in self.variants:
            if variant.mode in ("l2dsr", "l3dsr"):
                request = Request(
                    variant.method or variant.mode,
                    vips=(variant.vip,),
                    dscp=DSCP if variant.method == "dscp" else 0,
                    interface=f"r{number}",
                )
                one.call(setup, request)

    def _balancer(self, variant: Variant) -> None:
        one = self.balancers[variant.name]
        one.run("sysctl", "-qw", *_ROUTER_SYSCTL)
        self._plug(one, variant.port, variant.mac, str(variant.address))
        neighbours = {str(CLIENT): CLIENT_MAC} | {
            str(real(number)): real_mac(number) for number in range(REALS)
        }
        one.batch(
            f"route add {variant.clients - 1}/24 via {CLIENT}",
            *(
                f"neigh replace {address} lladdr {mac} dev {variant.port} nud permanent"
                for address, mac in neighbours.items()
            ),
        )
        if variant.kind == "dsrlb":
            attach_pass(self.switch, variant.port, "native")
            instance = Instance(f"{_INSTANCE}{variant.name}", one, self.folder)
            self.instances[variant.name] = instance
            instance.start(dsrlb_config(variant), up=REALS)
            return
        one.run("ethtool", "-K", variant.port, "gro", "on")  # so that it has a NAPI, as a NIC does
        if variant.kind == "kernel":  # real clients are routed to the first real server
            one.batch(f"route add {variant.vip}/32 via {real(0)}")
            self.reals[0].batch(f"address add {variant.vip}/32 dev lo")
        elif variant.kind == "nft":
            one.batch(f"route add local {variant.vip}/32 dev lo")
            run(*one.enter("nft", "-f", "-"), given=nft_rules(variant))
        elif variant.kind == "haproxy":
            one.batch(f"address add {variant.vip}/32 dev lo")
            self._start_haproxy(variant, one)

    def _start_haproxy(self, variant: Variant, one: Namespace) -> None:
        file = self.folder / "haproxy.cfg"
        file.write_text(haproxy_config(variant))
        self.haproxy = subprocess.Popen(one.enter("haproxy", "-db", "-f", str(file)))
        wait_until("HAProxy listens", lambda: str(variant.vip) in one.run("ss", "-Hltn"))

    def down(self) -> None:
        """Remove everything, whatever there is of it."""
        for instance in self.instances.values():
            instance.remove()
        if self.haproxy is not None:
            self.haproxy.kill()
            self.haproxy.wait()
        remove_left()


def remove_left() -> None:
    """Remove what this run, or one that was killed, has left."""
    for namespace in listed("/run/netns", PREFIX):
        kill_in(namespace)
        subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)
    for folder in ("/sys/fs/bpf/dsrlb", "/var/lib/dsrlb"):
        for instance in listed(folder, _INSTANCE):
            remove_instance(instance)
    if FOLDER.exists():
        shutil.rmtree(FOLDER)


@contextmanager
def network(variants: Sequence[Variant] = VARIANTS) -> Iterator[Network]:
    """The network, built and removed; only one at a time. Raises DsrlbError."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DsrlbError("endtoend is being measured already") from None
        remove_left()
        FOLDER.mkdir()
        made = Network(FOLDER, variants)
        try:
            made.up()
            yield made
        finally:
            made.down()
