# SPDX-License-Identifier: Apache-2.0
"""From configuration and resolution to methods, paths and next hops in the maps."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest

from dsrlb.config import Service, parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import (
    AWAY,
    HOPS,
    IPV6,
    NO_HOPS,
    PRESENT,
    RESOLVED,
    USABLE,
    Desired,
    DesiredHop,
    DesiredPath,
    LinkState,
    NextHop,
    RealId,
    Resolution,
    ServiceId,
)
from dsrlb.control.rows import with_source
from dsrlb.dataplane.keys import address_bytes
from dsrlb.dataplane.methods import methods

ETH0 = LinkState(3, 11, "eth0", "02:00:00:00:00:f1", 1500, IPv4Address("192.0.2.1"))
WEB4, WEB6 = ServiceId("web", 4), ServiceId("web", 6)
R1, R6 = ip_address("10.0.0.1"), ip_address("2001:db8:1::1")
FOUND = Resolution(
    "02:00:00:00:00:01",
    ETH0,
    True,
    vlan=20,
    mtu=1400,
    source_mac="02:00:00:00:00:f2",
    via=ip_address("192.0.2.254"),
    address=ip_address("192.0.2.7"),
)


def desired(
    method: str = "ipip",
    *,
    real: str = f'"{R1}"',
    more: str = "",
    balancer: str = "",
    **where: object,
) -> Desired:
    """One service; ``where``: changes to FOUND."""
    text = f"""
[balancer]
interfaces = "eth0"
{balancer}
[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "{"l2dsr" if method == "l2dsr" else "l3dsr"}"
real = [{{ address = [{real}] }}]
"""
    if method != "l2dsr":
        text += f'[service.l3dsr]\nmethod = "{method}"\n{more}\n'
    config = parse(text, "x.toml")
    found = replace(FOUND, **where)  # type: ignore[arg-type]
    places = {RealId(family, ip): found for family in (WEB4, WEB6) for ip in (R1, R6)}
    return compute(config, {"eth0": ETH0}, places)


def _service(method: str) -> Service:
    more = {"dscp": 12} if method == "dscp" else {}
    return Service.model_validate(
        {"name": "web", "vip": "2001:db8::10", "protocol": "tcp", "port": 80, "mode": "l3dsr"}
        | {"l3dsr": {"method": method, **more}}
    )


BOTH = f'"{R1}", "{R6}"'


def test_a_method_of_the_mode_table() -> None:
    state = desired("dscp", real=BOTH, more="dscp = 12")
    real = state.reals[RealId(WEB4, R1)]
    assert (real.method, real.dscp, real.port) == (methods()["dscp"].number, 12, 0)
    assert (real.mtu, real.vlan, real.routed) == (1400, 20, True)
    assert real.source_mac.hex(":") == "02:00:00:00:00:f2"
    assert real.flags == USABLE | RESOLVED | PRESENT
    assert state.reals[RealId(WEB6, R6)].flags == USABLE | RESOLVED | PRESENT | IPV6
    only = DesiredHop(bytes.fromhex("020000000001"), 3, bytes.fromhex("0200000000f2"), 1400, 20)
    assert state.paths == {R1: DesiredPath(hops=(only,) * 8), R6: DesiredPath(hops=(only,) * 8)}
    assert state.services[WEB4].method == methods()["dscp"].number


def test_l2dsr_has_no_path_and_keeps_tags() -> None:
    state = desired("l2dsr", real=BOTH)
    real = state.reals[RealId(WEB4, R1)]
    assert (real.method, real.vlan, real.routed) == (methods()["l2dsr"].number, 0, False)
    assert state.paths == {}


def test_gue_has_its_port() -> None:
    assert desired("gue").reals[RealId(WEB4, R1)].port == 6080
    assert desired("gue", more="gue_port = 7000").reals[RealId(WEB4, R1)].port == 7000
    assert desired("ipip").reals[RealId(WEB4, R1)].port == 0


def test_a_tunnel_carries_the_other_family_too() -> None:
    state = desired("ipip")
    assert set(state.reals) == {RealId(WEB4, R1), RealId(WEB6, R1)}
    assert state.services[WEB6].schedule == (RealId(WEB6, R1),)
    assert set(state.paths) == {R1}


def test_the_source_is_what_the_kernel_would_send_from() -> None:
    path = desired().paths[R1]
    assert (path.source, path.source_bits) == (address_bytes(ip_address("192.0.2.7")), 0)


def test_or_the_interfaces_own_address() -> None:
    path = desired(address=None).paths[R1]
    assert path.source == address_bytes(IPv4Address("192.0.2.1"))


def test_without_any_source_nothing_is_sent() -> None:
    """6in6 from an interface that has no IPv6 address; `dsrlb reals` says so."""
    state = desired(real=f'"{R6}"', address=None)
    shown = with_source(_service("ipip"), RealId(WEB6, R6), FOUND, state.paths)
    assert not shown.fresh
    assert "no IPv6 address here" in shown.reason
    away = replace(FOUND, fresh=False, reason="another")
    assert with_source(_service("ipip"), RealId(WEB6, R6), away, state.paths) == away
    assert with_source(_service("dscp"), RealId(WEB6, R6), FOUND, state.paths) == FOUND
    assert with_source(_service("ipip"), RealId(WEB4, R1), FOUND, desired().paths) == FOUND
    assert state.reals[RealId(WEB6, R6)].flags == PRESENT | AWAY | IPV6
    assert state.services[WEB6].schedule == ()


@pytest.mark.parametrize(
    ("source", "real", "first", "bits"),
    [
        ("198.51.100.0/24", R1, "198.51.100.0", 8),
        ("198.51.100.9", R1, "198.51.100.9", 0),
        ("2001:db8:9::/64", R6, "2001:db8:9::", 32),
        ("2001:db8:9::/112", R6, "2001:db8:9::", 16),
    ],
)
def test_tunnel_source(source: str, real: object, first: str, bits: int) -> None:
    path = desired(real=f'"{real}"', balancer=f'tunnel_source = "{source}"').paths[
        ip_address(str(real))
    ]
    assert (path.source, path.source_bits) == (address_bytes(ip_address(first)), bits)


def test_several_next_hops() -> None:
    other = LinkState(4, 12, "eth1", "02:00:00:00:00:f4", 9000)
    hops = (
        NextHop("02:00:00:00:01:01", ETH0, "02:00:00:00:00:f2", 1400, 20),
        NextHop("02:00:00:00:01:02", other, other.mac, 70000),
    )
    state = desired("dscp", real=BOTH, more="dscp = 1", hops=hops, weights=(1, 1))
    assert state.reals[RealId(WEB4, R1)].flags == USABLE | RESOLVED | PRESENT | HOPS
    path = state.paths[R1]
    assert len(path.hops) == 8
    assert set(path.hops) == {
        DesiredHop(bytes.fromhex("020000000101"), 3, bytes.fromhex("0200000000f2"), 1400, 20),
        DesiredHop(bytes.fromhex("020000000102"), 4, bytes.fromhex("0200000000f4"), 65535, 0),
    }
    assert not desired("dscp", real=BOTH, more="dscp = 1").paths[R1].several
    assert desired("dscp", real=BOTH, more="dscp = 1", mac=None).paths[R1].hops == NO_HOPS


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_services_share_a_path(order: str) -> None:
    """One needs its source and has a fixed MAC address, the other its next hops."""
    text = """
[balancer]
interfaces = "eth0"
"""
    for name in order:
        method = "ipip" if name == "a" else "dscp"
        text += f"""
[[service]]
name = "{name}"
vip = "192.0.2.{10 if name == "a" else 11}"
protocol = "tcp"
port = 80
mode = "l3dsr"
real = [{{ address = "{R1}" }}]
[service.l3dsr]
method = "{method}"
{"dscp = 3" if method == "dscp" else ""}
"""
    config = parse(text, "x.toml")
    ways = (NextHop(FOUND.mac or "", ETH0, ETH0.mac, 1500), NextHop(ETH0.mac, ETH0, ETH0.mac, 1500))
    places = {
        RealId(ServiceId("a", 4), R1): FOUND,
        RealId(ServiceId("b", 4), R1): replace(FOUND, hops=ways, weights=(1, 1)),
    }
    state = compute(config, {"eth0": ETH0}, places)
    path = state.paths[R1]
    assert path.source == address_bytes(ip_address("192.0.2.7"))
    assert path.several
    assert not state.reals[RealId(ServiceId("a", 4), R1)].flags & HOPS
    assert state.reals[RealId(ServiceId("b", 4), R1)].flags & HOPS
