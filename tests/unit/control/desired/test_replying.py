# SPDX-License-Identifier: Apache-2.0
"""From configuration to the content of the maps, in the modes in which replies come back."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.config import parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import (
    FORWARDING,
    IPV6,
    OUTBOUND,
    PRESENT,
    Desired,
    DesiredLink,
    DesiredVip,
    LinkState,
    RealId,
    ServiceId,
)
from dsrlb.control.desired.forms import form, form_of
from dsrlb.control.desired.real import ticks
from dsrlb.dataplane.methods import methods

ETH0 = LinkState(1, 11, "eth0", "02:00:00:00:00:f1", 1500)
ETH1 = LinkState(5, 12, "eth1", "02:00:00:00:00:f5", 65536, forwarding=True)
ETH2 = LinkState(7, 13, "eth2", "02:00:00:00:00:f7", 1500)
LINKS = {"eth0": ETH0, "eth1": ETH1, "eth2": ETH2}
VIP, VIP6 = ip_address("192.0.2.10"), ip_address("2001:db8::10")
P1, P2, P6 = (ip_address(ip) for ip in ("192.0.2.200", "192.0.2.201", "2001:db8::200"))
R1, R2, R6 = (ip_address(ip) for ip in ("10.0.0.1", "10.0.0.2", "fd00::1"))
WEB4, WEB6 = ServiceId("web", 4), ServiceId("web", 6)
HEAD = """
[balancer]
interfaces = ["eth0", "eth1", "eth2"]
[[bridge]]
name = "br0"
ports = ["eth0", "eth1"]
reals_on = "eth1"
"""
POOL = 'snat = { pool = ["192.0.2.200-192.0.2.201", "2001:db8::200"] }'


def service(mode: str, more: str = "", port: int = 0, name: str = "web", at: int = 80) -> str:
    """Both families, the second real of IPv4 alone."""
    own = f"port = {port}\n" if port else ""
    return f"""
[[service]]
name = "{name}"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = {at}
mode = "{mode}"
{more}
[[service.real]]
address = ["10.0.0.1", "fd00::1"]
{own}
[[service.real]]
address = "10.0.0.2"
"""


def desired(*services: str) -> Desired:
    """What the maps should hold."""
    return compute(parse(HEAD + "".join(services), "x.toml"), LINKS, {})


@pytest.mark.parametrize("mode", ["bridge", "router", "nat"])
def test_reals_whose_replies_have_their_own_address(mode: str) -> None:
    state = desired(service(mode))
    assert state.replies
    assert state.natted == {R1: None, R2: None, R6: None}
    assert state.services[WEB4].method == methods()[mode].number
    assert state.services[WEB4].pool == ()
    assert set(state.vips) == {VIP, VIP6}


def test_one_arm_knows_replies_by_the_pool() -> None:
    state = desired(service("one-arm", POOL))
    assert state.replies
    assert state.natted == {}
    assert state.services[WEB4].pool == (P1, P2)
    assert state.services[WEB6].pool == (P6,)
    for address in (P1, P2, P6):
        assert state.vips[address] == DesiredVip(1 << 1 | 1 << 5 | 1 << 7)
        assert state.vips[address].pooled
    assert not state.vips[VIP].pooled


def test_dsr_modes_have_nothing_of_it() -> None:
    state = desired(service("l2dsr"))
    assert (state.replies, state.natted, state.services[WEB4].pool) == (False, {}, ())


def test_a_pool_is_answered_everywhere() -> None:
    """Replies come from where real servers are, `interfaces` is where clients are."""
    state = desired(service("one-arm", f'{POOL}\ninterfaces = "eth0"'))
    assert state.vips[P1].links == 1 << 1 | 1 << 5 | 1 << 7
    assert state.vips[VIP].links == 1 << 1


def test_who_opens_connections() -> None:
    text = service("nat", f"{POOL}\noutbound = true")
    state = desired(text)
    openers = {ip: RealId(ServiceId("web", ip.version), ip) for ip in (R1, R2, R6)}
    assert state.natted == openers
    assert set(state.openers) == set(openers.values())
    assert set(state.vips) == {VIP, VIP6, P1, P2, P6}
    four = desired(text.replace(', "2001:db8::200"', ""))
    assert four.natted[R6] is None, "no pool of its family"
    assert set(four.openers) == {openers[R1], openers[R2]}


def test_who_opens_connections_is_no_real_of_the_schedule() -> None:
    state = desired(service("nat", f"{POOL}\noutbound = true"))
    real, opener = (found[RealId(WEB6, R6)] for found in (state.reals, state.openers))
    assert opener.flags == PRESENT | OUTBOUND | IPV6
    assert (opener.method, opener.mac, opener.weight) == (real.method, bytes(6), 0)
    times = ("idle_ticks", "closing_ticks", "pending_ticks")
    assert all(getattr(opener, name) == getattr(real, name) > 0 for name in times)
    opens = f"{POOL}\noutbound = true\nidle_timeout = 30"
    for protocol, seconds in (("tcp", 30), ("udp", 900)):
        text = service("nat", opens).replace('"tcp"', f'"{protocol}"')
        assert desired(text).openers[RealId(WEB4, R1)].idle_ticks == ticks(seconds)
        assert desired(text).reals[RealId(WEB4, R1)].idle_ticks == ticks(30)


def test_of_several_services_the_first_by_name_opens() -> None:
    opens = f"{POOL}\noutbound = true"
    other = service("router", name="a", at=81)
    for texts in ((service("nat", opens), other), (other, service("nat", opens))):
        assert desired(*texts).natted[R1] == RealId(WEB4, R1)
    first = service("nat", opens, name="abc", at=81)
    for texts in ((service("nat", opens), first), (first, service("nat", opens))):
        state = desired(*texts)
        assert {opener.service.name for opener in state.openers} == {"abc"}
        assert set(state.natted.values()) == set(state.openers)


def test_ports_of_reals() -> None:
    state = desired(service("router", port=8080))
    ports = {real.address: entry.port for real, entry in state.reals.items()}
    assert ports == {R1: 8080, R2: 0, R6: 8080}


def test_the_mss() -> None:
    state = desired(service("bridge", "mss_clamp = 1400"))
    assert state.services[WEB6].mss_clamp == 1400
    assert desired(service("bridge")).services[WEB4].mss_clamp == 0


def test_interfaces_by_number() -> None:
    assert desired().links == {
        1: DesiredLink(bytes.fromhex("0200000000f1"), 1500),
        5: DesiredLink(bytes.fromhex("0200000000f5"), 65535, FORWARDING),
        7: DesiredLink(bytes.fromhex("0200000000f7"), 1500),
    }


def test_where_the_method_routes_there_is_a_path() -> None:
    for mode, more, routed in (
        ("bridge", "", False),
        ("router", "", True),
        ("one-arm", POOL, True),
        ("nat", "", True),
    ):
        state = desired(service(mode, more))
        assert {entry.routed for entry in state.reals.values()} == {routed}
        assert set(state.paths) == ({R1, R2, R6} if routed else set())


def test_what_flows_hold_on_to() -> None:
    same = [
        {form(methods()[name], 8080) for name in names}
        for names in (
            ("l2dsr", "dscp", "ipip", "gue"),
            ("router", "nat"),
            ("bridge",),
            ("one-arm",),
        )
    ]
    assert [len(forms) for forms in same] == [1] * 4
    assert len(set.union(*same)) == 4
    assert form(methods()["nat"]) != form(methods()["nat"], 8080)
    assert form(methods()["gue"]) == form(methods()["gue"], 6080)
    reals = desired(service("router", port=8080)).reals
    assert form_of(reals[RealId(WEB4, R1)]) == form(methods()["nat"], 8080)
    assert form_of(reals[RealId(WEB4, R2)]) == form(methods()["nat"])
