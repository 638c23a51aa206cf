# SPDX-License-Identifier: Apache-2.0
"""From configuration to the content of the maps."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from dsrlb.config import parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import (
    ALLOW_ONLY,
    AWAY,
    HASH_SOURCE,
    ONE_PACKET,
    PRESENT,
    RESOLVED,
    STICKY,
    TIMED,
    TOA,
    USABLE,
    Desired,
    DesiredService,
    LinkState,
    PortKey,
    Rate,
    RealId,
    Resolution,
    ServiceId,
)
from dsrlb.control.desired.real import ticks
from dsrlb.control.desired.service import rate
from dsrlb.dataplane.algorithms import algorithms

LINKS = {
    "eth0": LinkState(1, 11, "eth0", "02:00:00:00:00:f1", 1500),
    "eth1": LinkState(5, 12, "eth1", "02:00:00:00:00:f5", 9000),
}
VIP, VIP6 = ip_address("192.0.2.10"), ip_address("2001:db8::10")
R1, R2, R6 = (ip_address(ip) for ip in ("10.0.0.1", "10.0.0.2", "2001:db8:1::1"))
WEB4, WEB6 = ServiceId("web", 4), ServiceId("web", 6)
TEXT = """
[balancer]
interfaces = ["eth0", "eth1"]
[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "l2dsr"
[[service.real]]
address = ["10.0.0.1", "2001:db8:1::1"]
[[service.real]]
address = "10.0.0.2"
weight = 3
"""
MORE = '[[service]]\nname = "{}"\nvip = "192.0.2.10"\nprotocol = "{}"\nport = {}\nmode = "l2dsr"\n'
REAL = '[[service.real]]\naddress = "10.0.0.9"\n'


def everywhere(fresh: bool = True) -> dict[RealId, Resolution]:
    """All reals of web: the first on eth0, the second on eth1."""
    first = Resolution("02:00:00:00:00:01", LINKS["eth0"], fresh)
    second = Resolution("02:00:00:00:00:02", LINKS["eth1"], fresh)
    return {RealId(WEB4, R1): first, RealId(WEB4, R2): second, RealId(WEB6, R6): first}


def desired(text: str = TEXT, found: dict[RealId, Resolution] | None = None) -> Desired:
    """What the maps should hold for a text."""
    config = parse(text, "x.toml")
    return compute(config, LINKS, everywhere() if found is None else found)


def test_one_service_in_two_families() -> None:
    state = desired()
    assert set(state.services) == {WEB4, WEB6}
    assert set(state.reals) == {RealId(WEB4, R1), RealId(WEB4, R2), RealId(WEB6, R6)}
    assert state.keys == {PortKey(VIP, 6, 80, 0): WEB4, PortKey(VIP6, 6, 80, 0): WEB6}
    assert state.services[WEB4].schedule == (RealId(WEB4, R1), RealId(WEB4, R2))
    assert state.services[WEB6].schedule == (RealId(WEB6, R6),)


def test_next_hop_of_a_real() -> None:
    real = desired().reals[RealId(WEB4, R2)]
    assert (real.mac, real.source_mac) == (bytes.fromhex("020000000002"), b"\2\0\0\0\0\xf5")
    assert (real.mtu, real.link, real.weight) == (9000, 5, 3)
    assert real.flags == PRESENT | RESOLVED | USABLE


def by(algorithm: str, more: str = "") -> str:
    """The text, by an algorithm."""
    return TEXT.replace("port = 80", f'port = 80\nalgorithm = "{algorithm}"\n{more}')


@pytest.mark.parametrize("algorithm", list(algorithms()))
def test_each_real_server_is_in_the_schedule_once(algorithm: str) -> None:
    service = desired(by(algorithm)).services[WEB4]
    assert service.algorithm == algorithms()[algorithm].number
    assert service.schedule == (RealId(WEB4, R1), RealId(WEB4, R2))
    assert service.weights == (1, 3)
    assert service.table_size == (65537 if algorithm in ("hash", "maglev") else 0)


@pytest.mark.parametrize(
    ("weight", "found", "size"),
    [
        (3, None, 65537),
        (2000, None, 262147),
        (0, None, 65537),  # who has no weight counts as one of the smallest
        (2000, {}, 0),  # nobody is there, and nobody is in a table
        (2000, {RealId(WEB4, R1): Resolution("02:00:00:00:00:01", LINKS["eth0"], True)}, 262147),
    ],
)
def test_the_size_of_a_table(
    weight: int, found: dict[RealId, Resolution] | None, size: int
) -> None:
    """It does not depend on who can have flows now."""
    text = by("maglev").replace("weight = 3", f"weight = {weight}")
    assert desired(text, found).services[WEB4].table_size == size


def test_a_size_that_is_given() -> None:
    service = desired(by("hash", "table_size = 262147")).services[WEB4]
    assert service.table_size == 262147


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (by("hash"), HASH_SOURCE),
        (by("hash", 'hash_on = "tuple"'), 0),
        (by("maglev"), 0),
        (by("maglev", 'hash_on = "source"'), HASH_SOURCE),
        (by("adaptive"), 0),
    ],
)
def test_what_is_hashed(text: str, flags: int) -> None:
    assert desired(text).services[WEB4].flags == flags


def test_who_is_timed() -> None:
    for algorithm in algorithms():
        timed = algorithm == "fastest-response-time"
        real = desired(by(algorithm)).reals[RealId(WEB4, R1)]
        assert real.flags == PRESENT | RESOLVED | USABLE | TIMED * timed


def test_the_seed_of_choices() -> None:
    assert desired().choice_seed == 0
    text = TEXT.replace("[balancer]", f"[balancer]\nhash_seed = {2**64 - 1}")
    assert desired(text).choice_seed == 2**64 - 1


def test_weight_0_keeps_flows_and_gets_none() -> None:
    state = desired(TEXT.replace("weight = 3", "weight = 0"))
    assert state.reals[RealId(WEB4, R2)].flags == PRESENT | RESOLVED
    assert state.services[WEB4].schedule == (RealId(WEB4, R1),)


def test_weight_0_and_not_fresh_keeps_no_flow_that_can_move() -> None:
    state = desired(TEXT.replace("weight = 3", "weight = 0"), found=everywhere(fresh=False))
    assert state.reals[RealId(WEB4, R2)].flags == PRESENT | RESOLVED | AWAY


def test_not_fresh_keeps_its_mac_and_gets_no_new_flows() -> None:
    state = desired(found=everywhere(fresh=False))
    real = state.reals[RealId(WEB4, R1)]
    assert (real.flags, real.mac[-1], real.link) == (PRESENT | RESOLVED | AWAY, 1, 1)
    assert state.services[WEB4].schedule == ()


def test_not_found_is_unresolved() -> None:
    state = desired(found={})
    real = state.reals[RealId(WEB4, R1)]
    assert (real.flags, real.mac, real.source_mac) == (PRESENT | AWAY, bytes(6), bytes(6))
    assert (real.mtu, real.link) == (0, 0)
    assert state.services[WEB4].schedule == ()
    assert PortKey(VIP, 6, 80, 0) in state.keys


def test_a_mac_without_an_interface_is_unresolved() -> None:
    state = desired(found={RealId(WEB4, R1): Resolution("02:00:00:00:00:01", None, True)})
    assert state.reals[RealId(WEB4, R1)].flags == PRESENT


def test_links_of_services_and_vips() -> None:
    narrow = TEXT.replace("port = 80", 'port = 80\ninterfaces = "eth1"')
    state = desired(narrow + MORE.format("dns", "udp", 53) + 'interfaces = "eth0"\n' + REAL)
    assert state.services[WEB4].links == 1 << 5
    assert state.services[ServiceId("dns", 4)].links == 1 << 1
    assert state.vips[VIP].links == 1 << 1 | 1 << 5
    assert state.vips[VIP6].links == 1 << 5
    assert desired().services[WEB4].links == 1 << 1 | 1 << 5


def test_an_interface_that_is_not_attached_is_no_link() -> None:
    config = parse(TEXT.replace("port = 80", 'port = 80\ninterfaces = "eth1"'), "x.toml")
    state = compute(config, {"eth0": LINKS["eth0"]}, {})
    assert state.services[WEB4].links == 0
    assert state.vips[VIP].links == 0


def test_port_blocks() -> None:
    state = desired(
        TEXT.replace("port = 80", 'port = [80, "8000-8002"]')
        + MORE.format("d", "udp", '"any"')
        + REAL
    )
    keys = {(key.protocol, key.port, key.block) for key in state.keys if key.vip == VIP}
    assert keys == {(6, 80, 0), (6, 8000, 1), (6, 8002, 0), (17, 0, 16)}
    assert state.vips[VIP].tcp_blocks == 0b11
    assert state.vips[VIP].udp_blocks == 1 << 16
    assert state.vips[VIP6].udp_blocks == 0


def test_an_exact_port_wins_over_the_edge_of_a_range_in_any_order() -> None:
    exact = MORE.format("exact", "tcp", 82) + REAL
    ranged = MORE.format("range", "tcp", '"80-82"') + REAL.replace(".9", ".8")
    head = '[balancer]\ninterfaces = ["eth0", "eth1"]\n'
    for text in (head + exact + ranged, head + ranged + exact):
        state = desired(text, {})
        assert state.keys[PortKey(VIP, 6, 82, 0)] == ServiceId("exact", 4)
        assert state.keys[PortKey(VIP, 6, 80, 1)] == ServiceId("range", 4)
        assert state.vips[VIP].tcp_blocks == 0b11


def test_times_in_ticks() -> None:
    assert [ticks(seconds) for seconds in (0, 1, 10)] == [0, 8, 75]
    tcp = desired().reals[RealId(WEB4, R1)]
    assert (tcp.idle_ticks, tcp.pending_ticks, tcp.closing_ticks) == (
        ticks(900),
        ticks(10),
        ticks(30),
    )
    udp = desired(TEXT.replace('"tcp"', '"udp"')).reals[RealId(WEB4, R1)]
    assert (udp.idle_ticks, udp.pending_ticks) == (ticks(60), ticks(10))


def test_settings() -> None:
    assert desired().announce
    assert not desired(TEXT.replace("[[service]]", "announce = false\n[[service]]")).announce
    assert desired().services[WEB4].on_unknown == 0
    text = TEXT.replace("port = 80", 'port = 80\non_unknown = "schedule"')
    assert desired(text).services[WEB4].on_unknown == 1


def content(more: str, family: ServiceId = WEB4) -> DesiredService:
    """The service web with more keys."""
    return desired(TEXT.replace("port = 80", f"port = 80\n{more}")).services[family]


@pytest.mark.parametrize(("word", "number"), [("drop", 0), ("schedule", 1), ("reset", 2)])
def test_on_unknown(word: str, number: int) -> None:
    assert content(f'on_unknown = "{word}"').on_unknown == number


def test_lists_hold_the_prefixes_of_one_family() -> None:
    more = 'allow = ["10.0.0.0/8", "::/0"]\ndeny = "10.66.0.0/16"'
    four, six = content(more), content(more, WEB6)
    assert four.sources == {(ip_network("10.0.0.0/8"), True), (ip_network("10.66.0.0/16"), False)}
    assert six.sources == {(ip_network("::/0"), True)}
    assert (four.flags, six.flags) == (ALLOW_ONLY, ALLOW_ONLY)


def test_an_allow_list_of_the_other_family_allows_nobody() -> None:
    four, six = content('allow = "::/0"'), content('allow = "::/0"', WEB6)
    assert (four.sources, four.flags, four.has_list) == (frozenset(), ALLOW_ONLY, True)
    assert (six.flags, six.has_list) == (ALLOW_ONLY, True)


def test_a_deny_list_of_the_other_family_denies_nobody() -> None:
    four, six = content('deny = "::/0"'), content('deny = "::/0"', WEB6)
    assert (four.sources, four.flags, four.has_list) == (frozenset(), 0, False)
    assert (len(six.sources), six.flags, six.has_list) == (1, 0, True)


def test_one_packet() -> None:
    text = TEXT.replace('"tcp"', '"udp"').replace("port = 80", "port = 80\none_packet = true")
    assert desired(text).services[WEB4].flags == ONE_PACKET


@pytest.mark.parametrize(("toa", "flags"), [("true", TOA), ("false", 0)])
def test_toa(toa: str, flags: int) -> None:
    snat = f'snat = {{ pool = ["192.0.2.200", "2001:db8::c0"], toa = {toa} }}'
    services = desired(TEXT.replace('mode = "l2dsr"', f'mode = "one-arm"\n{snat}')).services
    assert (services[WEB4].flags, services[WEB6].flags) == (flags, flags)


@pytest.mark.parametrize(
    ("flows", "burst", "interval", "ahead"),
    [
        (0, 0, 0, 0),
        (1, 0, 1_000_000_000, 0),
        (19, 0, 52_631_579, 0),
        (20, 0, 50_000_000, 50_000_000),
        (1000, 0, 1_000_000, 99_000_000),
        (1000, 1, 1_000_000, 0),
        (3, 4, 333_333_333, 999_999_999),
        (10_000_000, 0, 100, 99_999_900),
        (1, 10_000_000, 1_000_000_000, 9_999_999_000_000_000),
    ],
)
def test_rates(flows: int, burst: int, interval: int, ahead: int) -> None:
    assert rate(flows, burst) == Rate(interval, ahead)


def test_rates_of_a_service_and_its_sources() -> None:
    service = content("new_flow_rate = 1000\nsource_flow_rate = 10\nsource_flow_burst = 5")
    assert service.service_rate == Rate(1_000_000, 99_000_000)
    assert service.source_rate == Rate(100_000_000, 400_000_000)
    assert content("").service_rate == content("").source_rate == Rate(0, 0)


def test_persistence() -> None:
    state = desired(TEXT.replace("port = 80", 'port = 80\npersistence = "1m"'))
    assert state.services[WEB4].persistence_ticks == ticks(60)
    assert state.reals[RealId(WEB4, R1)].flags == PRESENT | RESOLVED | USABLE | STICKY
    assert state.groups == {}
    assert desired().services[WEB4].persistence_ticks == 0


def test_a_persistence_group() -> None:
    more = 'port = 80\npersistence = "1m"\npersistence_group = "g"'
    state = desired(TEXT.replace("port = 80", more))
    assert state.groups == {WEB4: "g", WEB6: "g"}


def test_limits_of_a_real() -> None:
    state = desired(TEXT.replace("weight = 3", "max_open = 25"))
    assert [
        (state.reals[RealId(WEB4, ip)].max_open, state.reals[RealId(WEB4, ip)].max_open_low)
        for ip in (R1, R2)
    ] == [(0, 0), (25, 22)]
    real = desired(TEXT.replace("weight = 3", "max_open = 25\nmax_open_low = 3"))
    assert real.reals[RealId(WEB4, R2)].max_open_low == 3
