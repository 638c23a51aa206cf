# SPDX-License-Identifier: Apache-2.0
"""Changes of modes, pools and real servers' ports, each with one thing in it."""

from __future__ import annotations

from collections.abc import Iterable

from dsrlb.config import Config
from tests.unit.control.replay import A1, A2, A3, ELEVEN, TEN, config_of, service

P1, P2, P3 = '"192.0.2.201"', '"192.0.2.202"', '"192.0.2.203"'
OUTBOUND = "outbound = true"


def mode(
    name: str, reals: Iterable[str] = (A1, A2), more: str = "", pool: str = "", vip: str = ""
) -> Config:
    """Service web in a mode."""
    return config_of(service("web", "80", reals, more, vip, name, pool or _usual(name)))


def _usual(name: str) -> str:
    return P1 if name == "one-arm" else ""


def _grouped(name: str, port: str, how: str) -> str:
    more = 'persistence = 60\npersistence_group = "g"'
    return service(name, port, [A1, A2], more, mode=how)


MODES = ("l2dsr", "bridge", "router", "one-arm", "nat")
MODE_PAIRS = {
    f"{one}-to-{other}": (mode(one), mode(other))
    for one in MODES
    for other in MODES
    if one != other
}
OPENS = mode("nat", more=OUTBOUND, pool=P1)

MODE_CHANGES = {
    "mode-from-dsr": MODE_PAIRS["l2dsr-to-router"],
    "mode-to-dsr": MODE_PAIRS["one-arm-to-l2dsr"],
    "mode-with-pool": MODE_PAIRS["nat-to-one-arm"],
    "mode-of-the-same-form": MODE_PAIRS["router-to-nat"],
    "port-given": (mode("router"), mode("router", [f"{A1}@8080", f"{A2}@8080"])),
    "port-taken-away": (mode("one-arm", [f"{A1}@8080", A2]), mode("one-arm")),
    "ports-exchanged": (
        mode("nat", [f"{A1}@8080", f"{A2}@8081"]),
        mode("nat", [f"{A1}@8081", f"{A2}@8080"]),
    ),
    "mode-and-port": (mode("l2dsr"), mode("router", [f"{A1}@8080", A2])),
    "mode-and-weight-to-none": (mode("l2dsr"), mode("router", [A1, f"{A2}*0"])),
    "port-and-weight-from-none": (mode("nat", [A1, f"{A2}*0"]), mode("nat", [A1, f"{A2}@81"])),
    "pool-grows": (mode("one-arm"), mode("one-arm", pool=f"{P1}, {P2}")),
    "pool-shrinks": (mode("one-arm", pool=f"{P1}, {P2}"), mode("one-arm", pool=P2)),
    "pool-replaced": (mode("one-arm", pool=P1), mode("one-arm", pool=P3)),
    "pool-shared-then-not": (
        config_of(
            service("a", "80", [A1], mode="one-arm", pool=P1),
            service("b", "81", [A2], mode="one-arm", pool=P1),
        ),
        config_of(
            service("a", "80", [A1], mode="one-arm", pool=P1),
            service("b", "81", [A2], mode="one-arm", pool=P2),
        ),
    ),
    "pool-address-becomes-vip": (mode("one-arm", pool=P1), mode("one-arm", pool=P2, vip=P1)),
    "vip-becomes-pool-address": (
        mode("one-arm", pool=P1, vip=f"[{TEN}, {ELEVEN}]"),
        mode("one-arm", pool=ELEVEN),
    ),
    "links-of-a-pool-narrowed": (mode("one-arm"), mode("one-arm", more='interfaces = "eth0"')),
    "links-of-a-pool-moved": (
        mode("one-arm", more='interfaces = "eth0"'),
        mode("one-arm", more='interfaces = "eth1"'),
    ),
    "outbound-on": (mode("nat"), OPENS),
    "outbound-off": (OPENS, mode("nat")),
    "outbound-real-replaced": (OPENS, mode("nat", [A2, A3], OUTBOUND, P1)),
    "outbound-gets-a-port": (OPENS, mode("nat", [f"{A1}@8080", A2], OUTBOUND, P1)),
    "outbound-pool-replaced": (OPENS, mode("nat", more=OUTBOUND, pool=P2)),
    "outbound-to-l2dsr": (OPENS, mode("l2dsr")),
    "outbound-to-another-service": (
        config_of(
            service("a", "80", [A1], OUTBOUND, mode="nat", pool=P1),
            service("b", "81", [A1], mode="nat"),
        ),
        config_of(
            service("a", "80", [A1], mode="nat"),
            service("b", "81", [A1], OUTBOUND, mode="nat", pool=P1),
        ),
    ),
    "one-of-two-services-leaves": (
        config_of(
            service("a", "80", [A1, A2], mode="router"), service("b", "81", [A1], mode="nat")
        ),
        config_of(service("a", "80", [A2], mode="router"), service("b", "81", [A1], mode="l2dsr")),
    ),
    "mss-clamp": (mode("router"), mode("router", more="mss_clamp = 1400")),
    "service-added": (config_of(), mode("one-arm")),
    "service-removed": (OPENS, config_of()),
    "group-changes-mode": (
        config_of(*(_grouped(name, port, "l2dsr") for name, port in (("a", "80"), ("b", "81")))),
        config_of(*(_grouped(name, port, "router") for name, port in (("a", "80"), ("b", "81")))),
    ),
}
