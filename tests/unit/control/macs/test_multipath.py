# SPDX-License-Identifier: Apache-2.0
"""Several next hops, and next hops in VLANs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsrlb.control.desired.contents import NextHop, Resolution
from dsrlb.control.macs.table import MacTable
from dsrlb.net.neighbours import Neighbour
from dsrlb.net.routes import Hop
from dsrlb.observe.events import EventLog
from tests.unit.control.behind import G0, G1, at, look
from tests.unit.control.network import (
    ETH0,
    ETH1,
    LINKS,
    NEW,
    OLD,
    OWN,
    R1,
    VLAN_MAC,
    Network,
    now,
    routed,
    through,
    told,
)

BOTH = (Hop(11, G0, OWN, 0, 3), Hop(12, G1, OWN, 1400, 1))
NEXT = (NextHop(OLD, ETH0, ETH0.mac, 1500), NextHop(NEW, ETH1, ETH1.mac, 1400))


@pytest.fixture
def both(behind: MacTable, network: Network) -> MacTable:
    """Two routers on two interfaces."""
    network.routes[R1] = through(*BOTH)
    network.neighbours[12, G1] = Neighbour(NEW, "reachable")
    behind.refresh()
    return behind


def test_all_next_hops_with_their_weights(both: MacTable, events: EventLog) -> None:
    assert now(both) == at(hops=NEXT, weights=(3, 1))
    where = f"{OLD} on eth0 (router {G0}) and {NEW} on eth1 (router {G1})"
    assert told(events)[-1] == ("info", f"10.0.0.1 is at {where}")
    ((_, found),) = both.rows()
    assert found.vias == (G0, G1)


def test_only_those_that_are_resolved(both: MacTable, events: EventLog) -> None:
    both.on_neighbour(11, G0, Neighbour(None, "failed"))
    reason = f"1 of 2 next hops; router {G0}: no answer to ARP on eth0"
    assert now(both) == at(NEW, link=ETH1, via=G1, mtu=1400, reason=reason)
    assert both.settled()
    assert told(events)[-1] == (
        "warning",
        f"10.0.0.1 is at {NEW} on eth1 (router {G1}); {reason}",
    )
    both.on_neighbour(11, G0, Neighbour(OLD, "reachable"))
    assert now(both) == at(hops=NEXT, weights=(3, 1))


def test_none_is_resolved(both: MacTable) -> None:
    both.on_neighbour(12, G1, Neighbour(None, "failed"))
    both.on_neighbour(11, G0, Neighbour(None, "failed"))
    reason = f"0 of 2 next hops; router {G0}: no answer to ARP on eth0"
    assert now(both) == at(fresh=False, reason=reason)
    assert not both.settled()


def test_one_is_down(both: MacTable, network: Network) -> None:
    network.up["eth1"] = False
    assert look(both) == at(reason="1 of 2 next hops; eth1 is down")


def test_one_is_given_up_by_the_kernel(both: MacTable, network: Network) -> None:
    network.routes[R1] = through(BOTH[0], replace(BOTH[1], dead=True))
    reason = "1 of 2 next hops; the kernel has given up the next hop on eth1"
    assert look(both) == at(reason=reason)
    both.probe()
    assert network.used == [(11, G0)]


def test_one_is_not_ours(both: MacTable, network: Network) -> None:
    network.routes[R1] = through(BOTH[0], Hop(13, G1, OWN))
    reason = "1 of 2 next hops; reached through eth2, not one of balancer.interfaces"
    assert look(both) == at(reason=reason)


def test_both_are_asked(both: MacTable, network: Network) -> None:
    both.probe()
    assert set(network.used) == {(11, G0), (12, G1)}
    assert {name for name, _ in network.sent} == {"eth0", "eth1"}


def test_an_idle_router_that_the_kernel_forgot_stays(both: MacTable) -> None:
    assert not both.on_neighbour(12, G1, None)
    assert now(both) == at(hops=NEXT, weights=(3, 1))


def test_the_same_next_hop_twice_is_one(both: MacTable, network: Network) -> None:
    network.routes[R1] = through(BOTH[0], BOTH[0])
    assert look(both) == at()


def test_one_address_on_two_interfaces(both: MacTable, network: Network) -> None:
    network.routes[R1] = through(Hop(11, None, OWN), Hop(12, None, OWN))
    network.neighbours |= {(11, R1): Neighbour(OLD, "stale"), (12, R1): Neighbour(NEW, "stale")}
    hops = (NEXT[0], replace(NEXT[1], mtu=1500))
    assert look(both) == at(via=None, hops=hops, weights=(1, 1))


def test_l2dsr_takes_no_router_of_several(both: MacTable, network: Network) -> None:
    both.configure(routed("l2dsr"), LINKS)
    found = look(both)
    assert (found.mac, found.fresh) == (None, False)
    assert found.reason == (
        f"0 of 2 next hops; behind router {G0}; l2dsr needs the real on the same segment"
    )


# VLAN interfaces


@pytest.fixture
def vlan(behind: MacTable, network: Network) -> MacTable:
    """The router is in VLAN 20 of eth0."""
    network.add_vlan("eth0.20", 20, 11, 20, mtu=1400)
    network.routes[R1] = through(Hop(20, G0, OWN))
    network.neighbours[20, G0] = Neighbour(NEW, "reachable")
    behind.refresh()
    return behind


IN_VLAN = at(NEW, vlan=20, mtu=1400, source_mac=VLAN_MAC)


def test_a_vlan_interface_is_its_lower_one_with_a_tag(vlan: MacTable, events: EventLog) -> None:
    assert now(vlan) == IN_VLAN
    assert told(events)[-1] == ("info", f"10.0.0.1 moved from {OLD} to {NEW} (router {G0})")
    vlan.on_neighbour(20, G0, Neighbour(None, "failed"))
    assert now(vlan).reason == f"router {G0}: no answer to ARP on eth0.20"
    vlan.on_neighbour(20, G0, Neighbour(NEW, "reachable"))
    assert told(events)[-1] == (
        "info",
        f"10.0.0.1 is at {NEW} on eth0 VLAN 20 (router {G0})",
    )


def test_the_same_mac_and_mtu_as_the_lower_ones(vlan: MacTable, network: Network) -> None:
    network.add_vlan("eth0.20", 20, 11, 20, mac=ETH0.mac)
    assert look(vlan) == at(NEW, vlan=20)


def test_questions_go_out_of_the_vlan_interface(vlan: MacTable, network: Network) -> None:
    vlan.probe()
    assert network.used == [(20, G0)]
    assert network.sent == [("eth0.20", 1)]
    assert network.frames[0][6:12].hex(":") == VLAN_MAC


def test_vlan_interface_down_and_up(vlan: MacTable, network: Network) -> None:
    network.add_vlan("eth0.20", 20, 11, 20, mtu=1400, up=False)
    assert look(vlan) == replace(IN_VLAN, fresh=False, reason="eth0.20 is down")
    vlan.probe()
    assert network.sent == []
    network.add_vlan("eth0.20", 20, 11, 20, mtu=1400)
    assert look(vlan) == IN_VLAN


def test_next_hops_in_a_vlan_and_beside_it(vlan: MacTable, network: Network) -> None:
    network.routes[R1] = through(Hop(20, G0, OWN, 1300), BOTH[0])
    tagged = NextHop(NEW, ETH0, VLAN_MAC, 1300, 20)
    expected = replace(IN_VLAN, mtu=1300, hops=(tagged, NEXT[0]), weights=(1, 3))
    assert look(vlan) == expected


@pytest.mark.parametrize(
    ("lower", "protocol", "reason"),
    [
        (
            13,
            0x8100,
            "reached through vlan9, a VLAN on eth2, not one of balancer.interfaces",
        ),
        (
            0,
            0x8100,
            "reached through vlan9, a VLAN on an interface that is not here, "
            "not one of balancer.interfaces",
        ),
        (
            20,
            0x8100,
            "reached through vlan9, a VLAN on VLAN interface eth0.20; "
            "frames are given one tag at most",
        ),
        (
            11,
            0x88A8,
            "reached through vlan9, whose tags are of type 0x88a8; only 802.1Q tags are given",
        ),
    ],
)
def test_vlan_interfaces_that_frames_cannot_take(
    vlan: MacTable, network: Network, lower: int, protocol: int, reason: str
) -> None:
    network.add_vlan("vlan9", 21, lower, 9, vlan_protocol=protocol)
    network.routes[R1] = through(Hop(21, G0, OWN))
    assert look(vlan) == Resolution(None, None, False, reason)
    vlan.probe()
    assert network.used == []
