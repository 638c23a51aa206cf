# SPDX-License-Identifier: Apache-2.0
"""The part of mixture.py whose replies come back: modes bridge, router, one-arm and nat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address

from dsrlb.control.desired.contents import Resolution
from tests.packets.algorithms import HASHED, algorithm
from tests.packets.harness import LINK, MAC, OTHER_LINK, OTHER_MAC, mac_of
from tests.packets.model import Link, Real, Service
from tests.packets.model.types import IP

SMALL = 100
FAR = replace(OTHER_LINK, address4=IPv4Address("10.0.9.1"), mtu=SMALL)
"""out0. It has no IPv6 address, and an MTU that many a reply does not fit."""
POOL = ("198.51.100.200-198.51.100.202", "2001:db8:51:1::200-2001:db8:51:1::201")
CLAMP = 600
TABLE_SIZE = 4093


@dataclass(frozen=True)
class Place:
    """Where a real server is; ``port``: 0 is the service's."""

    far: bool = False
    mtu: int = 1500
    vlan: int = 0
    port: int = 0


PLACES = {
    61: Place(far=True, mtu=SMALL),
    62: Place(far=True, port=9562),
    71: Place(far=True, mtu=SMALL),
    72: Place(vlan=20, port=9672),
    81: Place(),
    82: Place(vlan=30, port=9782),
    91: Place(port=9891),
    92: Place(far=True),
}
"""Real servers by number."""


@dataclass(frozen=True)
class Paired:
    """A service of both families and protocols; several may have the same real servers."""

    port: int
    mode: str
    reals: tuple[int, ...]
    on_unknown: str = "drop"
    clamp: int = 0
    persistent: bool = False
    max_open: int = 0  # of each real server; open again at half of it
    algorithm: str = "round-robin"


PAIRED = [
    Paired(95, "bridge", (61, 62)),
    Paired(96, "router", (71, 72), "reset", CLAMP, algorithm="least-connection"),
    Paired(97, "one-arm", (81, 82), "drop", CLAMP, algorithm="hash"),
    Paired(98, "nat", (91, 92), clamp=CLAMP, persistent=True, algorithm="maglev"),
    # Of one real server alone: how long one takes to answer no model can tell.
    Paired(99, "router", (72,), algorithm="fastest-response-time"),
    Paired(100, "one-arm", (82,), "reset", max_open=4, algorithm="adaptive"),
]
PORTS = [95, 96, 97, 98, 99, 100]
_POOLED = f'[service.snat]\npool = ["{POOL[0]}", "{POOL[1]}"]'
BRIDGE = '[[bridge]]\nname = "br0"\nports = ["in0", "out0"]\nreals_on = "out0"\n'


def size_of(name: str) -> str:
    """The key of a table that the models make quickly, for algorithms that look something up."""
    return f"table_size = {TABLE_SIZE}\n" if name in HASHED else ""


def _text(service: Paired, protocol: str) -> str:
    lines = [f'mode = "{service.mode}"', f'algorithm = "{service.algorithm}"']
    lines.append(size_of(service.algorithm))
    lines += ['persistence = "7d"'] if service.persistent else []
    if protocol == "tcp":
        lines.append(f'on_unknown = "{service.on_unknown}"')
        lines += [f"mss_clamp = {service.clamp}"] if service.clamp else []
    reals = []
    for number in service.reals:
        more = f", port = {PLACES[number].port}" if PLACES[number].port else ""
        if service.max_open:
            more += f", max_open = {service.max_open}, max_open_low = {service.max_open // 2}"
        reals.append(f'{{ address = ["10.0.0.{number}", "fd00::{number}"]{more} }}')
    lines.append(f"real = [{', '.join(reals)}]")
    lines += [_POOLED] if service.mode == "one-arm" else []
    return "\n".join(lines)


def texts() -> list[tuple[str, str, int, str]]:
    """Of each service its name, protocol, port, and the other keys."""
    return [
        (
            f"{service.mode}-{service.port}-{protocol}",
            protocol,
            service.port,
            _text(service, protocol),
        )
        for service in PAIRED
        for protocol in ("tcp", "udp")
    ]


def resolutions() -> dict[str, Resolution]:
    """Where the real servers are."""
    found = {}
    for number, place in PLACES.items():
        for address in (f"10.0.0.{number}", f"fd00::{number}"):
            link = replace(FAR if place.far else LINK, mtu=place.mtu)
            found[address] = Resolution(mac_of(address).hex(":"), link, True, vlan=place.vlan)
    return found


def pool(family: int) -> tuple[IP, ...]:
    """The addresses of POOL."""
    if family == 4:
        return tuple(ip_address(f"198.51.100.{last}") for last in (200, 201, 202))
    return tuple(ip_address(f"2001:db8:51:1::{last}") for last in (200, 201))


def _real(family: int, number: int, mode: str) -> Real:
    name = f"10.0.0.{number}" if family == 4 else f"fd00::{number}"
    place = PLACES[number]
    real = Real(name, mac_of(name), OTHER_MAC if place.far else MAC, place.mtu)
    real.same_link, real.method = not place.far, mode
    real.vlan, real.port = place.vlan, place.port
    return real


def services(family: int, vip: IP) -> dict[str, Service]:
    """The model's, by name."""
    made = {}
    for paired in PAIRED:
        for protocol, number in (("tcp", 6), ("udp", 17)):
            reals = [_real(family, real, paired.mode) for real in paired.reals]
            service = Service((vip,), number, ((paired.port, paired.port),), reals)
            service.algorithm = algorithm(paired.algorithm, size=TABLE_SIZE)
            if protocol == "tcp":
                service.on_unknown, service.mss_clamp = paired.on_unknown, paired.clamp
            if paired.mode == "one-arm":
                service.pool = pool(family)
            for real in reals:
                real.max_open, real.max_open_low = paired.max_open, paired.max_open // 2
            name = f"{paired.mode}-{paired.port}-{protocol}"
            service.group = name if paired.persistent else ""
            made[name] = service
    return made


def other_link() -> Link:
    """out0, for the model."""
    return Link(2, OTHER_MAC, (ip_address("10.0.9.1"),), SMALL)
