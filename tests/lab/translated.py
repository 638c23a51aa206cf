# SPDX-License-Identifier: Apache-2.0
"""Test networks for the modes whose replies come back through the balancer.

The client is behind a router, rc. A second host of clients, ra, is on the balancer's own segment;
in mode bridge on the real servers' side, in mode one-arm it is the router to one of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.lab import parallel
from tests.lab.plain import PORT, Namespace
from tests.lab.routed import BULK, Routed
from tests.lab.shapes import BRIDGE, FAMILIES, REALS, Shape, address

MODES = ("bridge", "router", "one-arm", "nat")
UNSERVED, PARALLEL, CLAMPED = PORT + 1, PORT + 2, PORT + 3
PORTS = (PORT, UNSERVED, PARALLEL, CLAMPED)
CLAMP = 1200
OTHERS = 1000  # in mode nat, real servers' ports are so much higher than the VIP's
VIPS = {4: "10.78.0.100", 6: "fd78::100"}
POOL = ("10.78.1.200-10.78.1.201", "fd78:1::200-fd78:1::201")
_numbers = count(1)
_PARALLEL = Path(__file__).with_name("parallel.py")

_FRONT = {"client": ("outer",), "rc": ("outer", "front")}
_CLIENTS = {"client": {"all": "rc"}, "ra": {"all": "rc"}}
# client - outer - rc - front - lb - back - reals, whose gateway is lb
BETWEEN = Shape(
    {**_FRONT, "lb": ("front", "back"), "ra": ("front",), "r1": ("back",), "r2": ("back",)},
    {
        "client": {"all": "rc"},
        "rc": {"vips": "lb"},
        "ra": {"outer": "rc", "vips": "lb"},
        "lb": {"outer": "rc"},
        "r1": {"all": "lb"},
        "r2": {"all": "lb"},
    },
    routers=("rc", "lb"),
)
# client - outer - rc - front - lb - rear - reals, whose gateway is rc; front and rear: one subnet
ACROSS = Shape(
    {**_FRONT, "lb": ("front", "rear"), "ra": ("rear",), "r1": ("rear",), "r2": ("rear",)},
    {
        "client": {"all": "rc"},
        "rc": {"vips": "lb"},
        "ra": {"all": "rc"},
        "lb": {"outer": "rc"},
        "r1": {"all": "rc"},
        "r2": {"all": "rc"},
    },
    routers=("rc",),
    bridged=("lb",),
)
# client - outer - rc - front - lb, r1, and ra - back - r2
ASIDE = Shape(
    {**_FRONT, "lb": ("front",), "ra": ("front", "back"), "r1": ("front",), "r2": ("back",)},
    {
        "client": {"all": "rc"},
        "rc": {"vips": "lb", "back": "ra"},
        "ra": {"all": "rc"},
        "lb": {"outer": "rc", "back": "ra"},
        "r1": {"all": "rc"},
        "r2": {"all": "ra"},
    },
    routers=("rc", "ra"),
)
SHAPES = {"bridge": ACROSS, "router": BETWEEN, "one-arm": ASIDE, "nat": BETWEEN}


class Translated(Routed):
    """A network of a mode."""

    def __init__(self, tag: str, folder: Path, mode: str) -> None:
        super().__init__(tag, folder, SHAPES[mode])
        self.mode = mode

    @property
    def inside(self) -> str:
        """The segment of the balancer on the real servers' side."""
        return self.shape.places["lb"][-1]

    def real_port(self, port: int) -> int:
        """Where real servers serve what is on a port of the VIPs."""
        return (PORT if port == CLAMPED else port) + OTHERS * (self.mode == "nat")

    def real_address(self, host: str, family: int) -> str:
        """The address of a real server."""
        return address(host, family, self.shape.places[host][0])

    def pool(self, family: int) -> list[str]:
        """The addresses that real servers see instead of clients'; empty: they see clients'."""
        if self.mode != "one-arm":
            return []
        first, _, last = POOL[family == 6].partition("-")
        return [first, last]

    def config(self, balancer: str = "", more: str = "") -> str:
        """The configuration: a service for each protocol and port. ``more``: keys of each."""
        interfaces = json.dumps(self.shape.places["lb"])
        text = f'[balancer]\ninterfaces = {interfaces}\nxdp_mode = "native"\n'
        text += f"flow_capacity = 20000\n{balancer}\n"
        if self.mode == "bridge":
            text += f'[[bridge]]\nname = "{BRIDGE}"\nports = {interfaces}\n'
            text += f'reals_on = "{self.inside}"\n'
        for port in PORTS:
            for protocol in ("tcp", "udp"):
                if protocol == "tcp" or port in (PORT, UNSERVED):
                    text += self._service(protocol, port, more)
        return text

    def _service(self, protocol: str, port: int, more: str) -> str:
        text = f'[[service]]\nname = "{protocol}-{port}"\nprotocol = "{protocol}"\nport = {port}\n'
        text += f'vip = {json.dumps(list(VIPS.values()))}\nmode = "{self.mode}"\n{more}\n'
        text += 'health.type = "none"\n'
        if port == CLAMPED:
            text += f"mss_clamp = {CLAMP}\n"
        if self.mode == "one-arm":
            text += f"[service.snat]\npool = {json.dumps(POOL)}\n"
        for host in REALS:
            both = json.dumps([self.real_address(host, family) for family in FAMILIES])
            text += f"[[service.real]]\naddress = {both}\n"
            if self.real_port(port) != port:
                text += f"port = {self.real_port(port)}\n"
        return text

    def start_servers(self) -> None:
        """Start the servers on the real servers."""
        programs = {}
        for host in REALS:
            own = [self.real_address(host, family) for family in FAMILIES]
            programs[host] = [
                (str(BULK), host, str(self.real_port(PORT)), *own),
                (str(_PARALLEL), str(self.real_port(PARALLEL)), *own),
            ]
        self.run_servers(programs)

    def run(self) -> None:
        """Start the servers and the balancer."""
        self.start_servers()
        self.balancer.start(self.config(), up=0)
        self.wait_up()

    def tally(self, host: str) -> parallel.Tally:
        """What the server of many connections on a real server has found."""
        place = (self.real_address(host, 4), self.real_port(PARALLEL))
        return self.hosts[host].call(parallel.tally, *place)

    def counted(self, before: dict[str, int], reason: str) -> int:
        """How many more packets there are of a reason than there were."""
        return self.reasons().get(reason, 0) - before.get(reason, 0)

    @property
    def side(self) -> Namespace:
        """The host that is on one of the balancer's segments."""
        return self.ra


@contextmanager
def translated(mode: str, folder: Path) -> Iterator[Translated]:
    """The network of a mode, with everything running, and removed."""
    network = Translated(f"{os.getpid()}-{mode.replace('-', '')}{next(_numbers)}", folder, mode)
    try:
        network.up()
        network.run()
        yield network
    finally:
        network.down()
