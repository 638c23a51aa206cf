# SPDX-License-Identifier: Apache-2.0
"""A configuration with services of every mode and method, and its model, for generated packets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from dsrlb.control.desired.contents import Resolution
from tests.packets import health, mixture_paired
from tests.packets.algorithms import algorithm
from tests.packets.harness import LINK, MAC, OTHER_LINK, OTHER_MAC, Program, mac_of
from tests.packets.mixture_paired import SMALL, TABLE_SIZE, size_of
from tests.packets.model import Model, Real, Service

_TIMES = """idle_timeout = "1d"  # the model has no clock
pending_timeout = "1d"
closing_timeout = "1d"
"""
_GROUPS = {"a": (11, 12, 13), "b": (21, 22), "c": (31, 32, 33)}
_WEIGHTS = {21: 3, 22: 1}
SOURCES = {4: "198.51.100.0/26", 6: "2001:db8:51::/96"}
"""Of outer headers."""
VIPS = ["192.0.2.10", "192.0.2.11", "2001:db8::10"]
DSR_PORTS = [80, 80, 8000, 8050, 8099, 53, 53, 443, 90, 91, 92, 93, 94, 90, 91, 92, 93, 94]
PORTS = DSR_PORTS + mixture_paired.PORTS * 3
TAG, FAR_TAG = 20, 30
"""10.0.0.13, 10.0.0.33 and their twins are behind the other interface, whose MTU is SMALL; .32 is
behind a next hop in VLAN 20, .33 in VLAN 30."""


@dataclass(frozen=True)
class Routed:
    """A service of mode l3dsr, TCP and UDP. ``real``: 0 is group c, others have mixed families."""

    port: int
    method: str
    on_unknown: str = "drop"
    real: int = 0
    algorithm: str = "round-robin"


ROUTED = [
    Routed(90, "dscp", algorithm="maglev"),
    Routed(91, "ipip", "schedule"),
    Routed(92, "gue", "reset", algorithm="adaptive"),
    Routed(93, "ipip", "drop", 51, algorithm="hash"),
    Routed(94, "gue", "schedule", 52),
]
TUNNELS = [
    *((SOURCES[4], f"10.0.0.{number}") for number in (31, 32, 33, 51, 52)),
    *((SOURCES[6], f"fd00::{number}") for number in (31, 32, 33, 51, 52)),
]
"""Outer sources and real servers of tunnels."""
_TABLES = {"dscp": 'method = "dscp"\ndscp = 12', "ipip": 'method = "ipip"'}
_TABLES["gue"] = 'method = "gue"\ngue_port = 6081'
PROTOCOLS = {"tcp": 6, "udp": 17}
PASSED = {
    *("rest", "dns", "dscp-tcp", "gue-udp", "ipip-4in6-tcp", "gue-6in4-tcp"),
    *("bridge-95-udp", "router-96-tcp", "one-arm-97-tcp", "nat-98-udp"),
}
"""Services whose packets are the kernel's when they have no real server."""


def _name(family: int, number: int) -> str:
    return f"10.0.0.{number}" if family == 4 else f"fd00::{number}"


def _groups() -> str:
    text = ""
    for name, numbers in _GROUPS.items():
        text += f'\n[[group]]\nname = "{name}"\n'
        for number in numbers:
            weight = f"weight = {_WEIGHTS.get(number, 1)}"
            text += f'[[group.real]]\naddress = ["10.0.0.{number}", "fd00::{number}"]\n{weight}\n'
    return text


def _service(name: str, protocol: str, vips: str, ports: str, more: str) -> str:
    return (
        f'\n[[service]]\nname = "{name}"\nvip = [{vips}]\nprotocol = "{protocol}"\nport = {ports}\n'
        f"{_TIMES}{more}\n"
    )


def _routed(routed: Routed) -> str:
    """Mixed families: a service per family, since each has an address of the other."""
    text = ""
    both = '"192.0.2.10", "2001:db8::10"'
    into = {"": (both, "")}
    if routed.real:
        into = {
            "-4in6": ('"192.0.2.10"', f"fd00::{routed.real}"),
            "-6in4": ('"2001:db8::10"', f"10.0.0.{routed.real}"),
        }
    for suffix, (vips, address) in into.items():
        reals = f'real = [{{ address = ["{address}"] }}]' if address else 'group = "c"'
        for protocol in PROTOCOLS:
            keys = f'mode = "l3dsr"\nalgorithm = "{routed.algorithm}"\n{size_of(routed.algorithm)}'
            keys += f"{reals}\n"
            if protocol == "tcp":
                keys += f'on_unknown = "{routed.on_unknown}"\n'
            keys += f"[service.l3dsr]\n{_TABLES[routed.method]}"
            name = f"{routed.method}{suffix}-{protocol}"
            text += _service(name, protocol, vips, str(routed.port), keys)
    return text


TEXT = (
    '[balancer]\ninterfaces = ["in0", "out0"]\n'
    f'tunnel_source = ["{SOURCES[4]}", "{SOURCES[6]}"]\n{mixture_paired.BRIDGE}{_groups()}'
    + _service(
        *("web", "tcp", '"192.0.2.10", "2001:db8::10"', '[80, "8000-8099"]'),
        'mode = "l2dsr"\nalgorithm = "least-connection"\ngroup = "a"',
    )
    + _service(
        *("rest", "tcp", '"192.0.2.10", "2001:db8::10"', '["any", 8050]'),
        'mode = "l2dsr"\nalgorithm = "weighted-round-robin"\non_unknown = "schedule"\ngroup = "b"',
    )
    + _service(
        *("dns", "udp", '"192.0.2.11", "192.0.2.10", "2001:db8::10"', "53"),
        'mode = "l2dsr"\nalgorithm = "weighted-least-connection"\ngroup = "b"',
    )
    + "".join(map(_routed, ROUTED))
    + "".join(
        _service(name, protocol, '"192.0.2.10", "2001:db8::10"', str(port), keys)
        for name, protocol, port, keys in mixture_paired.texts()
    )
)


def resolutions() -> dict[str, Resolution]:
    """Where the reals are that are not untagged behind in0."""
    small = replace(OTHER_LINK, mtu=SMALL)
    found = mixture_paired.resolutions()
    for number, link, vlan in ((13, small, 0), (32, LINK, TAG), (33, small, FAR_TAG)):
        for address in (_name(4, number), _name(6, number)):
            found[address] = Resolution(mac_of(address).hex(":"), link, True, vlan=vlan)
    return found


def _reals(family: int, numbers: tuple[int, ...], method: str = "l2dsr") -> list[Real]:
    made = []
    for number in numbers:
        name = _name(family, number)
        far = number in (13, 33)
        source, mtu = (OTHER_MAC, SMALL) if far else (MAC, 1500)
        real = Real(name, mac_of(name), source, mtu, same_link=not far, method=method)
        real.vlan, real.weight = {32: TAG, 33: FAR_TAG}.get(number, 0), _WEIGHTS.get(number, 1)
        real.dscp, real.gue_port = 12, 6081
        real.source = ip_network(SOURCES[family])
        made.append(real)
    return made


def _model_of(routed: Routed, family: int) -> dict[str, Service]:
    outer = 10 - family if routed.real else family
    suffix = ("-4in6" if family == 4 else "-6in4") if routed.real else ""
    numbers = (routed.real,) if routed.real else _GROUPS["c"]
    made = {}
    for protocol, number in PROTOCOLS.items():
        service = Service(
            (ip_address("192.0.2.10" if family == 4 else "2001:db8::10"),),
            number,
            ((routed.port, routed.port),),
            _reals(outer, numbers, routed.method),
            on_unknown=routed.on_unknown if protocol == "tcp" else "drop",
            algorithm=algorithm(routed.algorithm, size=TABLE_SIZE),
        )
        made[f"{routed.method}{suffix}-{protocol}"] = service
    return made


def build() -> tuple[Model, dict[tuple[str, str], Real]]:
    """The model of TEXT, and its real servers by service and address."""
    services: list[Service] = []
    by_name = {}
    for family, vip in ((4, "192.0.2.10"), (6, "2001:db8::10")):
        address = ip_address(vip)
        web = _reals(family, (11, 12, 13))
        rest, dns = _reals(family, (21, 22)), _reals(family, (21, 22))
        dns_vips = (address, ip_address("192.0.2.11")) if family == 4 else (address,)
        named = {
            "web": Service(
                *((address,), 6, ((80, 80), (8000, 8099)), web),
                algorithm=algorithm("least-connection"),
            ),
            "rest": Service(
                *((address,), 6, ((0, 65535), (8050, 8050)), rest),
                on_unknown="schedule",
                algorithm=algorithm("weighted-round-robin"),
            ),
            "dns": Service(
                *(dns_vips, 17, ((53, 53),), dns),
                algorithm=algorithm("weighted-least-connection"),
            ),
        }
        for routed in ROUTED:
            named.update(_model_of(routed, family))
        named.update(mixture_paired.services(family, address))
        services += named.values()
        for name, service in named.items():
            service.pass_empty = name in PASSED
            by_name.update({(name, real.name): real for real in service.reals})
    own = (ip_address("10.0.0.1"), ip_address("fd00::1"))
    others = [mixture_paired.other_link()]
    return Model(MAC, services, addresses=own, others=others), by_name


def configure(program: Program) -> None:
    """Give a program TEXT, and its interfaces."""
    program.link(mixture_paired.FAR)
    program.configure(TEXT, resolutions(), change=health.found({}, PASSED))
