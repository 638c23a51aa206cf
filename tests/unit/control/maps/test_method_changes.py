# SPDX-License-Identifier: Apache-2.0
"""While methods and next hops change every packet finds what the method in force needs."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from itertools import permutations

import pytest

from dsrlb.config import parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import HOPS, LinkState, NextHop, RealId, Resolution, ServiceId
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.dataplane.methods import methods
from tests.unit.control.fakemaps import FakeMaps

ETH0 = LinkState(3, 11, "eth0", "02:00:00:00:00:f1", 1500, IPv4Address("192.0.2.1"))
REAL = ip_address("10.0.0.1")
KEY = RealId(ServiceId("web", 4), REAL)
MACS = ("02:00:00:00:01:01", "02:00:00:00:01:02")
EXTRA = {"dscp": "dscp = 12", "ipip": "", "gue": "gue_port = 7000"}
STATES = [*((method, hops) for method in ("dscp", "ipip", "gue") for hops in (1, 2)), ("l2dsr", 1)]


def apply(applier: Applier, method: str, hops: int) -> None:
    """One real server behind that many next hops."""
    mode = methods()[method].mode
    table = f'[service.l3dsr]\nmethod = "{method}"\n{EXTRA[method]}' if mode == "l3dsr" else ""
    config = parse(
        f"""
[balancer]
interfaces = "eth0"
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "{mode}"
real = [{{ address = "{REAL}" }}]
{table}
""",
        "x.toml",
    )
    ways = tuple(NextHop(mac, ETH0, ETH0.mac, 1500) for mac in MACS[:hops])
    several = ways if hops > 1 else ()
    found = Resolution(MACS[0], ETH0, True, hops=several, weights=(1,) * len(several))
    applier.apply(compute(config, {"eth0": ETH0}, {KEY: found}))


def lacking(maps: FakeMaps, index: int) -> str:
    """What a packet to the real server would miss at this moment; "" when nothing."""
    real = maps["reals"].array[index]
    method = {entry.number: entry for entry in methods().values()}[int(real["method"])]
    path = maps["paths"].array[int(real["path"])]
    if int(real["flags"]) & HOPS and not all(hop["mac"].any() for hop in path["hop"]):
        return "a next hop"
    if method.outer[4] and not path["source"]["word_be"].any():
        return "the outer source"
    if method.name == "gue" and int(real["port"]) != 7000:
        return "the port"
    return "" if method.name != "dscp" or int(real["dscp"]) == 12 else "the code"


@pytest.mark.parametrize(("before", "after"), list(permutations(STATES, 2)))
def test_no_packet_misses_anything(before: tuple[str, int], after: tuple[str, int]) -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    apply(applier, *before)
    index = applier.installed.reals[KEY].index
    assert lacking(maps, index) == ""
    missing = []
    maps.watch = lambda name: missing.append(lacking(maps, index))
    apply(applier, *after)
    assert missing
    assert not any(missing), set(missing)
    fresh = FakeMaps()
    other = Applier(fresh, read(fresh))
    apply(other, *after)
    place = other.installed.reals[KEY].index
    for field in ("method", "dscp", "port", "flags", "mac", "vlan"):
        got, wanted = maps["reals"].array[index][field], fresh["reals"].array[place][field]
        assert (got == wanted).all(), field
    assert bool(maps["reals"].array[index]["path"]) == bool(fresh["reals"].array[place]["path"])
    assert dict(applier.paths.content) == dict(other.paths.content)
