# SPDX-License-Identifier: Apache-2.0
"""A service with three real servers, and what the maps should hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from dsrlb.config import Config, parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import (
    Desired,
    DesiredService,
    LinkState,
    RealId,
    Resolution,
    ServiceId,
)
from dsrlb.control.health.condition import WELL, Condition
from dsrlb.control.macs.targets import targets_of
from dsrlb.control.maps.installed import Installed, InstalledReal, InstalledService

LINK = LinkState(
    *(1, 3, "eth0", "02:00:00:00:00:aa", 1500), IPv4Address("10.0.0.1"), IPv6Address("fd00::1")
)
MAC = "02:00:00:00:00:01"
WEB = ServiceId("web", 4)
R11, R12, R13, SORRY = (RealId(WEB, ip_address(f"10.0.0.{number}")) for number in (11, 12, 13, 99))
DOWN, DRAIN, DISABLED = Condition("down"), Condition("drain"), Condition("disabled")


def config(
    lines: str = "",
    protocol: str = "tcp",
    mode: str = "l2dsr",
    weights: tuple[int, ...] = (1, 1, 1),
) -> Config:
    """The service with these lines."""
    reals = ", ".join(
        f'{{ address = "10.0.0.{number}", weight = {weight} }}'
        for number, weight in enumerate(weights, start=11)
    )
    return parse(
        f"""
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "{protocol}"
port = 80
mode = "{mode}"
real = [{reals}]
{lines}
""",
        "test",
    )


def wanted(
    given: Config,
    conditions: Mapping[RealId, Condition] | None = None,
    found: Mapping[RealId, Resolution] | None = None,
) -> Desired:
    """What the maps should hold; everybody is on eth0 where nothing else is said."""
    known = conditions or {}
    places = {one: Resolution(MAC, LINK, True) for one in targets_of(given)} | dict(found or {})
    return compute(given, {"eth0": LINK}, places, lambda real: known.get(real, WELL))


def service(desired: Desired) -> DesiredService:
    """The service's content."""
    return desired.services[WEB]


def installed(desired: Desired) -> Installed:
    """As if that had been written."""
    return Installed(
        services={
            name: InstalledService(number, record=number, content=content)
            for number, (name, content) in enumerate(desired.services.items(), start=1)
        },
        reals={
            real: InstalledReal(number, content)
            for number, (real, content) in enumerate(desired.reals.items(), start=1)
        },
    )
