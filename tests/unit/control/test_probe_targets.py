# SPDX-License-Identifier: Apache-2.0
"""Which real servers are probed, from which address, and what the program is told of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from dsrlb.config import Config, parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import LinkState, RealId, Resolution, ServiceId
from dsrlb.control.health.checks import Checks
from dsrlb.control.macs.targets import targets_of as resolved_by
from dsrlb.control.maps.installed import InstalledReal
from dsrlb.control.probing.spots import Spot, Spots, own_address
from dsrlb.control.probing.targets import Ends, TargetTable, prefixes_needed
from dsrlb.dataplane.keys import IPAddress
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.health.pieces import all_ends, checks_of

LINK = LinkState(
    *(1, 3, "eth0", "02:00:00:00:00:aa", 1500), IPv4Address("10.0.0.1"), IPv6Address("fd00::1")
)
BARE = replace(LINK, address4=None, address6=None)
MAC = "02:00:00:00:00:01"
TEXT = """
[balancer]
interfaces = ["eth0"]
[[group]]
name = "all"
health.type = "none"
[[group.real]]
address = ["10.0.0.11", "fd00::11"]
[[group.real]]
address = ["10.0.0.12", "fd00::12"]
weight = 0
[[service]]
name = "fast"
vip = ["192.0.2.10", "192.0.2.11", "2001:db8::10"]
protocol = "tcp"
port = ["any", "8000-8010"]
mode = "l2dsr"
algorithm = "fastest-response-time"
group = "all"
[[service]]
name = "other"
vip = "192.0.2.10"
protocol = "tcp"
port = 81
mode = "l2dsr"
group = "all"
[[service]]
name = "seen"
vip = "192.0.2.10"
protocol = "tcp"
port = 82
mode = "router"
algorithm = "fastest-response-time"
group = "all"
"""


def real(service: str, address: str) -> RealId:
    """The identity of a real server."""
    ip = ip_address(address)
    return RealId(ServiceId(service, ip.version), ip)


def nowhere(_: IPAddress) -> IPAddress | None:
    """The kernel has no route."""
    return None


def where(config: Config, **changed: Resolution) -> dict[RealId, Resolution]:
    """Everybody is on eth0; ``changed``: who is not, by the last word of the address."""
    found = Resolution(MAC, LINK, True)
    return {one: changed.get(f"r{str(one.address)[-2:]}", found) for one in resolved_by(config)}


def installed(config: Config, found: dict[RealId, Resolution]) -> dict[RealId, InstalledReal]:
    """In the maps, from place 5 on."""
    desired = compute(config, {"eth0": LINK}, found)
    return {
        one: InstalledReal(index, content)
        for index, (one, content) in enumerate(desired.reals.items(), start=5)
    }


@pytest.fixture
def config() -> Config:
    """Three services, of which probes are needed for one."""
    return parse(TEXT, "test")


def checks(config: Config, found: dict[RealId, Resolution], *asked: RealId) -> Checks:
    """Who is asked what, from place 5 on."""
    return checks_of(config, installed(config, found), found, nowhere, asked)


def test_who_is_timed(config: Config) -> None:
    """The real servers of one service, also the one that gets no flows, at its first port. Nobody
    is down because of that."""
    found = where(config)
    reals = installed(config, found)
    got = checks(config, found)
    assert (got.homeless, got.reals) == (frozenset(), {})
    assert [(one.address, one.port, one.check.type) for one in got.targets] == [
        (str(ip_address(base) + entry.index), 8000, "tcp")
        for one, entry in reals.items()
        for base in ["198.18.0.0" if one.service.family == 4 else "fd00:d5::"]
        if one.service.name == "fast"
    ]
    assert len(got.targets) == 4


def test_what_they_become(config: Config) -> None:
    """Of every service: other programs may probe those."""
    reals = installed(config, where(config))
    ends = all_ends(config, reals, where(config), nowhere)
    own, vip = IPv4Address("10.0.0.1"), IPv4Address("192.0.2.10")
    for service, port in (("fast", 0), ("other", 0), ("seen", 82)):
        assert ends[reals[real(service, "10.0.0.11")].index] == Ends(own, vip, port)
    six = Ends(IPv6Address("fd00::1"), IPv6Address("2001:db8::10"))
    assert ends[reals[real("fast", "fd00::12")].index] == six
    assert len(ends) == 8


def test_who_cannot_be(config: Config) -> None:
    """One that has no MAC address, unless it is asked already; one that this host has no address
    for. One that does not answer for its address is asked."""
    unknown = Resolution(None, LINK, False)
    silent = Resolution(MAC, LINK, False)
    found = where(config, r11=unknown, r12=silent)
    assert {one.real for one in checks(config, found).targets} == {"10.0.0.12", "fd00::12"}
    known = real("fast", "10.0.0.11")
    got = checks(config, found, known).targets
    assert {one.real for one in got} == {"10.0.0.11", "10.0.0.12", "fd00::12"}
    found = where(config, r12=Resolution(MAC, BARE, True))
    got_there = checks(config, found)
    assert {one.real for one in got_there.targets} == {"10.0.0.11", "fd00::11"}
    assert got_there.homeless == {real("fast", "10.0.0.12"), real("fast", "fd00::12")}


@pytest.mark.parametrize(
    ("kernel", "link", "family", "expected"),
    [
        ("10.9.9.9", LINK, 4, "10.9.9.9"),
        (None, LINK, 4, "10.0.0.1"),
        ("fd09::9", LINK, 4, "10.0.0.1"),  # a tunnel to an address of the other family
        ("10.9.9.9", LINK, 6, "fd00::1"),
        ("fe80::9", LINK, 6, "fd00::1"),
        ("fd09::9", BARE, 6, "fd09::9"),
        (None, BARE, 6, None),
        ("10.9.9.9", BARE, 6, None),
        ("10.9.9.9", None, 4, "10.9.9.9"),
        (None, None, 4, None),
    ],
)
def test_own_address(
    kernel: str | None, link: LinkState | None, family: int, expected: str | None
) -> None:
    """What the kernel would send from, else what the interface has."""
    source = ip_address(kernel) if kernel else None
    got = own_address(Resolution(MAC, link, True), source, family)
    assert got == (ip_address(expected) if expected else None)


def test_prefixes_of_the_families_that_are_probed(config: Config) -> None:
    assert [str(one) for one in prefixes_needed(config)] == ["198.18.0.0/16", "fd00:d5::/96"]
    four = parse(TEXT.replace(', "2001:db8::10"', "", 1), "test")
    assert [str(one) for one in prefixes_needed(four)] == ["198.18.0.0/16"]
    none = parse(TEXT.replace('"fastest-response-time"', '"adaptive"', 1), "test")
    assert prefixes_needed(none) == []


def content(maps: FakeMaps) -> dict[int, tuple[bytes, bytes, int]]:
    """VIP, source and port of each place that says something."""
    rows = maps["probe_targets"].array
    return {
        index: (row["vip"].tobytes(), row["source"].tobytes(), int(row["port"]))
        for index, row in enumerate(rows)
        if row.tobytes().strip(b"\0")
    }


def test_what_the_program_is_told() -> None:
    """Of many at once, of which some say the same; also after a restart."""
    maps, vip = FakeMaps(), IPv4Address("192.0.2.10")
    head = bytes(10) + b"\xff\xff"
    told = head + vip.packed, head + bytes((10, 0, 0, 1)), 80
    nobody = head + vip.packed, bytes(16), 0
    ends = Ends(IPv4Address("10.0.0.1"), vip, 80)
    table = TargetTable(maps)
    table.put({3: ends, 4: ends, 7: Ends(None, vip), 9: replace(ends)})
    assert content(maps) == {3: told, 4: told, 7: nobody, 9: told}
    table.change([3, 5], {4: Ends(None, vip), 5: ends})
    assert content(maps) == {4: nobody, 5: told, 7: nobody, 9: told}
    table = TargetTable(maps)
    table.put({4: ends, 7: Ends(None, vip)})
    assert content(maps) == {4: told, 7: nobody}
    table.put({})
    assert content(maps) == {}


def test_a_real_server_of_many_services_is_one_spot(config: Config) -> None:
    """Those of one address family, and where it is in the same place."""
    there = Resolution(MAC, LINK, True, via=IPv4Address("10.0.0.254"))
    found = where(config, r12=there)
    found[real("seen", "10.0.0.12")] = Resolution(MAC, LINK, True)
    reals, spots = installed(config, found), Spots(found, nowhere)
    contents = {one: entry.content for one, entry in reals.items()}
    got = {member.real: member for member in spots.members(contents, reals)}
    assert {one: member.place for one, member in got.items()} == {
        one: entry.index for one, entry in reals.items()
    }
    fast, other, seen = (got[real(name, "10.0.0.12")].spot for name in ("fast", "other", "seen"))
    assert fast is other
    assert fast == Spot("10.0.0.12", IPv4Address("10.0.0.1"), "eth0", MAC, True)
    assert seen == replace(fast, routed=False)
    assert got[real("fast", "fd00::12")].spot.source == IPv6Address("fd00::1")
