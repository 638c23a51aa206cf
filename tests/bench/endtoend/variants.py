# SPDX-License-Identifier: Apache-2.0
"""What is measured side by side, and how each is configured.

Each has a namespace of its own, with one interface to the switch, a VIP, and clients that only it
gets packets from. All share the ten real servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import Literal

REALS = 10
CLIENT = IPv4Address("10.90.0.1")
CLIENT_MAC = "02:00:00:90:00:01"
FIRST_REAL = IPv4Address("10.90.0.11")
FIRST_REAL_MAC = 0x0B
_BALANCERS = IPv4Address("10.90.0.100")
_VIPS = IPv4Address("10.92.0.0")
_CLIENTS = IPv4Address("10.91.0.0")
_POOL = IPv4Address("10.90.2.0")
POOL_SIZE = 4
DSCP = 12
LOAD_PORT, STACK_PORT = 80, 8080
"""The ports that ends.c serves, and nginx."""


class Arrival(Enum):
    """How a request reaches a real server: the members of enum ends_arrival (ends.c)."""

    VIP = "ARRIVES_VIP"
    DSCP = "ARRIVES_DSCP"
    TUNNEL = "ARRIVES_TUNNEL"
    REAL = "ARRIVES_REAL"
    OTHER = "ARRIVES_OTHER"


Kind = Literal["dsrlb", "kernel", "nft", "haproxy"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to get packets from clients to real servers.

    ``through``: replies pass it, too; ``method``: of mode l3dsr.
    """

    name: str
    number: int
    kind: Kind
    arrival: Arrival
    through: bool
    mode: str = ""
    method: str = ""

    @property
    def port(self) -> str:
        """Its interface."""
        return f"bench-{self.name.replace('-', '')}"

    @property
    def address(self) -> IPv4Address:
        """Its own address."""
        return _BALANCERS + self.number

    @property
    def mac(self) -> str:
        """Its interface's MAC address."""
        return f"02:00:00:90:01:{self.number:02x}"

    @property
    def vip(self) -> IPv4Address:
        """What clients connect to."""
        return _VIPS + self.number

    @property
    def clients(self) -> IPv4Address:
        """The first of its clients; they are in a /24 of their own."""
        return _CLIENTS + self.number * 256 + 1

    @property
    def sources(self) -> tuple[IPv4Address, int]:
        """Where connections to real servers come from, where it is not from clients."""
        return (_POOL, POOL_SIZE) if self.kind == "dsrlb" else (self.address, 1)


VARIANTS = (
    Variant("l2dsr", 1, "dsrlb", Arrival.VIP, False, "l2dsr"),
    Variant("l3dsr-dscp", 2, "dsrlb", Arrival.DSCP, False, "l3dsr", "dscp"),
    Variant("l3dsr-ipip", 3, "dsrlb", Arrival.TUNNEL, False, "l3dsr", "ipip"),
    Variant("one-arm", 4, "dsrlb", Arrival.OTHER, True, "one-arm"),
    Variant("nat", 5, "dsrlb", Arrival.REAL, True, "nat"),
    Variant("forward", 6, "kernel", Arrival.REAL, True),
    Variant("nft-dnat", 7, "nft", Arrival.REAL, True),
    Variant("haproxy", 8, "haproxy", Arrival.OTHER, True),
)


def real(number: int) -> IPv4Address:
    """The address of a real server, 0 to REALS - 1."""
    return FIRST_REAL + number


def real_mac(number: int) -> str:
    """Its MAC address."""
    return f"02:00:00:90:00:{FIRST_REAL_MAC + number:02x}"


def dsrlb_config(variant: Variant) -> str:
    """What `dsrlb run` is given."""
    text = f"""\
[balancer]
interfaces = ["{variant.port}"]
xdp_mode = "native"
flow_capacity = 1_000_000

[[service]]
name = "web"
vip = "{variant.vip}"
protocol = "tcp"
port = [{LOAD_PORT}, {STACK_PORT}]
mode = "{variant.mode}"
algorithm = "round-robin"
health.type = "none"
"""
    if variant.method:
        text += f'[service.l3dsr]\nmethod = "{variant.method}"\n'
    if variant.method == "dscp":
        text += f"dscp = {DSCP}\n"
    if variant.mode == "one-arm":
        text += f'[service.snat]\npool = ["{_POOL}-{_POOL + POOL_SIZE - 1}"]\n'
    return text + "".join(
        f'[[service.real]]\naddress = "{real(number)}"\n' for number in range(REALS)
    )


def nft_rules(variant: Variant) -> str:
    """DNAT as an nftables user writes it: each new connection to the next real server."""
    reals = ", ".join(f"{number} : {real(number)}" for number in range(REALS))
    match = f"ip daddr {variant.vip} tcp dport {{ {LOAD_PORT}, {STACK_PORT} }}"
    return f"""\
table ip balance {{
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    {match} dnat to numgen inc mod {REALS} map {{ {reals} }}
  }}
}}
"""


def haproxy_config(variant: Variant) -> str:
    """TCP mode, one thread, round robin."""
    text = """\
global
    nbthread 1
    maxconn 9000
    log /dev/null local0
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
"""
    for port in (LOAD_PORT, STACK_PORT):
        text += f"listen port{port}\n    bind {variant.vip}:{port} backlog 65536\n"
        text += (
            "    balance roundrobin\n    option tcp-smart-accept\n    option tcp-smart-connect\n"
        )
        text += "".join(f"    server r{number} {real(number)}:{port}\n" for number in range(REALS))
    return text
