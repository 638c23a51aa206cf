# SPDX-License-Identifier: Apache-2.0
"""What routed test networks look like: hosts on segments, their addresses, and the services."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.lab.plain import PORT

PORTS = (PORT, PORT + 1)  # of the services; real servers serve the first one
REALS = ("r1", "r2")
ROUTERS = ("ra", "rb", "rc")
NUMBERS = {"client": 1, "lb": 2, "ra": 3, "rb": 4, "rc": 5, "r1": 11, "r2": 12}
PREFIXES = {"vips": 0, "front": 1, "middle": 2, "back": 3, "outer": 4, "rear": 5, "tunnel": 9}
SUBNETS = {**PREFIXES, "rear": PREFIXES["front"]}  # on the other side of a bridge
FAMILIES = (4, 6)
BRIDGE = "br0"


@dataclass(frozen=True)
class Shape:
    """``places``: the segments of each host; ``ways``: by host and destination (one of PREFIXES, or
    "all") the host that it goes through. ``routers``: hosts that route; ``bridged``: hosts with a
    bridge, BRIDGE, over all their interfaces."""

    places: Mapping[str, tuple[str, ...]]
    ways: Mapping[str, Mapping[str, str]]
    routers: tuple[str, ...] = ROUTERS
    bridged: tuple[str, ...] = ()


_TO_LB = {"vips": "lb", "tunnel": "lb"}
_REALS_OF_BACK = {"r1": ("back",), "r2": ("back",)}
# client - outer - rc - front - ra - middle - rb - back - reals; lb is on front
SERIES = Shape(
    {
        "client": ("outer",),
        "rc": ("outer", "front"),
        "lb": ("front",),
        "ra": ("front", "middle"),
        "rb": ("middle", "back"),
        **_REALS_OF_BACK,
    },
    {
        "client": {"all": "rc"},
        "rc": {"vips": "lb", "all": "ra"},
        "lb": {"all": "ra"},
        "ra": {**_TO_LB, "outer": "rc", "back": "rb"},
        "rb": {"all": "ra"},
        "r1": {"all": "rb"},
        "r2": {"all": "rb"},
    },
)
# client - front - ra, rb or rc - back - reals, whose replies go through ra; lb is on front
PARALLEL = Shape(
    {
        "client": ("front",),
        "lb": ("front",),
        "ra": ("front", "back"),
        "rb": ("front", "back"),
        "rc": ("front", "back"),
        **_REALS_OF_BACK,
    },
    {
        "client": {"vips": "lb", "all": "ra"},
        "lb": {"back": "ra"},
        "r1": {"all": "ra"},
        "r2": {"all": "ra"},
    },
)
# client - outer - rc - front - lb - back - reals, whose replies go through ra: for l2dsr
BESIDE = Shape(
    {
        "client": ("outer",),
        "rc": ("outer", "front"),
        "lb": ("front", "back"),
        "ra": ("front", "back"),
        **_REALS_OF_BACK,
    },
    {
        "client": {"all": "rc"},
        "rc": {"vips": "lb", "all": "ra"},
        "ra": {**_TO_LB, "outer": "rc"},
        "r1": {"all": "ra"},
        "r2": {"all": "ra"},
    },
)


@dataclass(frozen=True)
class Virtual:
    """VIPs of both families, and how their packets get to the real servers.

    ``number``: the last one of the addresses; ``mss``: of `real-server setup`, 0: its default.
    """

    method: str
    number: int
    mss: int = 0

    def vip(self, family: int) -> str:
        """The VIP of a family."""
        return f"10.78.0.{self.number}" if family == 4 else f"fd78::{self.number}"

    def __str__(self) -> str:
        return f"{self.method}-{self.number}"

    def setup(self) -> tuple[str, ...]:
        """The options of `real-server setup`."""
        options = ["--mode", "l2dsr" if self.method == "l2dsr" else "l3dsr"]
        options += ["--method", self.method] if self.method != "l2dsr" else []
        options += ["--dscp", str(self._dscp)] if self.method == "dscp" else []
        options += ["--mss", str(self.mss)] if self.mss else []
        return (*options, "--vip", self.vip(4), "--vip", self.vip(6))

    @property
    def _dscp(self) -> int:
        return self.number % 64

    def services(self, group: str = "both") -> str:
        """A TCP and a UDP service over the real servers of a group."""
        vips = json.dumps([self.vip(family) for family in FAMILIES])
        mode = "l2dsr" if self.method == "l2dsr" else "l3dsr"
        text = ""
        for protocol in ("tcp", "udp"):
            text += f'[[service]]\nname = "{self}-{protocol}"\nprotocol = "{protocol}"\n'
            text += f'vip = {vips}\nport = {list(PORTS)}\nmode = "{mode}"\ngroup = "{group}"\n'
            if mode == "l3dsr":
                text += f'[service.l3dsr]\nmethod = "{self.method}"\n'
            if self.method == "dscp":
                text += f"dscp = {self._dscp}\n"
        return text


def address(host: str, family: int, segment: str) -> str:
    """The address of a host on a segment."""
    number, place = NUMBERS[host], SUBNETS[segment]
    return f"10.78.{place}.{number}" if family == 4 else f"fd78:{place}::{number}"


def mac(host: str, segment: str) -> str:
    """The MAC address of a host on a segment: always the same one, as which of several next hops a
    flow goes through depends on theirs."""
    return f"02:00:00:00:{PREFIXES[segment]:02}:{NUMBERS[host]:02}"


def prefix(name: str, family: int) -> str:
    """A prefix of the network; "all" is where everything else goes."""
    if name == "all":
        return "0.0.0.0/0" if family == 4 else "::/0"
    return f"10.78.{SUBNETS[name]}.0/24" if family == 4 else f"fd78:{SUBNETS[name]}::/64"


def config(virtuals: Iterable[Virtual], interfaces: Iterable[str], balancer: str = "") -> str:
    """A configuration with the services of ``virtuals`` over both real servers."""
    text = f"[balancer]\ninterfaces = {json.dumps(list(interfaces))}\n"
    text += f'xdp_mode = "native"\nflow_capacity = 10000\n{balancer}\n[[group]]\nname = "both"\n'
    text += 'health.type = "none"\n'
    for host in REALS:
        both = json.dumps([address(host, family, "back") for family in FAMILIES])
        text += f"[[group.real]]\naddress = {both}\n"
    return text + "".join(virtual.services() for virtual in virtuals)
