# SPDX-License-Identifier: Apache-2.0
"""The models of the configurations of the packet cases, written once more (cases/services.py and
cases/paired_services.py)."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from tests.packets.harness import MAC, OTHER_MAC, mac_of
from tests.packets.model import Link, Model, Real, Service
from tests.packets.model.types import IP

ADDRESSES = (ip_address("10.0.0.1"), ip_address("fd00::1"))
"""Of in0, where all frames come in."""
VIPS = {4: ip_address("192.0.2.10"), 6: ip_address("2001:db8::10")}


Sources = Callable[[IP], str]
"""The prefix of outer sources towards a real server."""


def fixed(real: IP) -> str:
    """The addresses of tunnel_source."""
    return "198.51.100.1/32" if real.version == 4 else "2001:db8:51::1/128"


def prefixes(real: IP) -> str:
    """The same with prefixes."""
    return "198.51.100.0/24" if real.version == 4 else "2001:db8:51::/64"


def kernel(real: IP) -> str:
    """Without tunnel_source: where the kernel would send from, or else in0's addresses."""
    if str(real) == "10.0.0.32":
        return "10.0.0.9/32"
    if str(real) == "fd00::33":
        return "fd00::9/128"
    return "10.0.0.1/32" if real.version == 4 else "fd00::1/128"


def _name(family: int, number: int) -> str:
    return f"10.0.0.{number}" if family == 4 else f"fd00::{number}"


def _plain(family: int, protocol: int, port: int, number: int, **more: object) -> Service:
    """A service of mode l2dsr."""
    name = _name(family, number)
    far = number == 13
    source, mtu = (OTHER_MAC, 100) if far else (MAC, 1500)
    real = Real(name, mac_of(name), source, mtu, same_link=not far)
    if more.pop("full", 0):
        real.max_open = 1
    real.weight = 0 if more.pop("unusable", 0) else 1
    return Service((VIPS[family],), protocol, ((port, port),), [real], **more)  # type: ignore[arg-type]


def _l2dsr(family: int) -> list[Service]:
    allow, deny = (
        (ip_network("10.1.0.128/25"), ip_network("10.1.0.0/16"))
        if family == 4
        else (ip_network("fd01::8000/113"), ip_network("fd01::/16"))
    )
    elsewhere = _plain(family, 6, 80, 11)
    elsewhere.vips = ()  # on out0 alone
    return [
        _plain(family, 6, 80, 11),
        _plain(family, 17, 53, 12),
        _plain(family, 6, 81, 13),
        _plain(family, 17, 54, 13),
        _plain(family, 6, 82, 11, on_unknown="schedule"),
        _plain(family, 6, 83, 11, unusable=1),
        _plain(family, 6, 84, 11, on_unknown="reset"),
        _plain(family, 6, 85, 11, allow=(allow,), deny=(deny,)),
        _plain(family, 6, 86, 11),
        _plain(family, 6, 87, 11),
        _plain(family, 6, 88, 11, full=1),
        elsewhere,
    ]


def _narrow(number: int, family: int) -> int:
    """The MTU of the next hop of real servers 51 and up."""
    small = {51: (4, 6), 52: (4,), 53: (4,), 54: (6,), 55: (6,)}
    return 100 if family in small[number] else 1400


def _routed(family: int, sources: Sources) -> list[Service]:
    """Mode l3dsr."""
    made = []
    for first, number in ((100, 31), (110, 41), (120, 51)):
        for n, method in enumerate(("dscp", "ipip", "gue", "ipip", "gue")):
            for protocol in (6, 17):
                outer = family if n < 3 else 10 - family
                name = _name(outer, number + n)
                real = Real(name, mac_of(name), MAC, method=method, dscp=12)
                real.source = ip_network(sources(real.address))
                real.vlan = 20 if first == 110 else 0
                real.mtu = _narrow(number + n, outer) if first == 120 else 1500
                ports = ((first + n, first + n),)
                made.append(Service((VIPS[family],), protocol, ports, [real]))
    return made


def build(sources: Sources = fixed, addresses: tuple[IP, ...] = ADDRESSES) -> Model:
    """The model of CONFIG."""
    services = [s for family in (4, 6) for s in (*_l2dsr(family), *_routed(family, sources))]
    return Model(MAC, services, addresses=addresses)


_KINDS = (
    (130, 61, 6, 8080),
    (130, 61, 17, 0),
    (140, 65, 6, 0),
    (140, 65, 17, 5353),
    (150, 61, 6, 8080),
)
"""Of each mode: port, number of the real server, protocol, the real server's port."""


def _paired(family: int) -> list[Service]:
    """Of cases/paired_services.py."""
    made = []
    for n, mode in enumerate(("bridge", "router", "one-arm", "nat")):
        for port, number, protocol, real_port in _KINDS:
            name = _name(family, number + n)
            far = number + n in (61, 62, 64, 65)
            real = Real(name, mac_of(name), OTHER_MAC if far else MAC, same_link=not far)
            real.method, real.vlan = mode, 20 if number + n in (66, 67, 68) else 0
            real.port = real_port
            service = Service((VIPS[family],), protocol, ((port + n, port + n),), [real])
            service.mss_clamp = 1200 if protocol == 6 else 0
            if mode == "one-arm":
                pool = "198.51.100.7" if family == 4 else "2001:db8:51::7"
                service.pool = (ip_address(pool),)
            made.append(service)
    return made


def build_paired() -> Model:
    """The model of the cases of modes bridge, router, one-arm and nat."""
    services = [service for family in (4, 6) for service in _paired(family)]
    far = Link(2, OTHER_MAC, (ip_address("10.0.9.1"),))
    return Model(MAC, services, addresses=ADDRESSES, others=[far])
