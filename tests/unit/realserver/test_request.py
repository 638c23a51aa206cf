# SPDX-License-Identifier: Apache-2.0
"""What can be asked of `dsrlb real-server`, and what follows from it for addresses and sizes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from dsrlb.errors import DsrlbError, NetError
from dsrlb.realserver import Request
from dsrlb.realserver.request import default_mss, interfaces_of, own_addresses
from tests.unit.realserver.hosts import REAL4, REAL6, TWO_LINKS, VIP4, VIP6

LB4, LB6, LINK_LOCAL = (ip_address(text) for text in ("10.0.0.1", "fd00::1", "fe80::1"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "one-arm", "gateways": (LB4,)}, "router and nat"),
        ({"method": "l2dsr", "gateways": (LB4,)}, "router and nat"),
        ({"method": "router", "gateways": (LB4, REAL4)}, "more than one IPv4"),
        ({"method": "nat", "gateways": (LB6,)}, "no VIP is IPv6"),
        ({"method": "nat", "gateways": (VIP4,)}, "the balancer's address at once"),
        ({"method": "router", "vips": (VIP6,), "gateways": (LINK_LOCAL,)}, "needs --interface"),
        ({"method": "bridge", "mss": 1400}, "mss_clamp"),
        ({"method": "bridge", "addresses": (REAL4,)}, "as they are"),
        ({"method": "router", "interface": "eth0"}, "the way to a --gateway"),
        ({"method": "nat", "dscp": 3}, "has no code"),
        ({"method": "nat", "gue_port": 3}, "has no port"),
        ({"method": "dscp"}, "needs a code"),
        ({"method": "ipip", "dscp": 5}, "has no code"),
        ({"method": "l2dsr", "dscp": 5}, "has no code"),
        ({"method": "ipip", "gue_port": 6080}, "has no port"),
        ({"method": "l2dsr", "addresses": (REAL4,)}, "MAC addresses"),
        ({"method": "ipip", "addresses": (VIP4,)}, "at once"),
        ({"method": "gre"}, "unknown"),
    ],
)
def test_what_does_not_fit_together_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DsrlbError, match=words):
        Request(**{"vips": (VIP4,), **options})


def test_gue_has_a_port() -> None:
    assert Request("gue", (VIP4,)).gue_port == 6080
    assert Request("gue", (VIP4,), gue_port=7000).gue_port == 7000


def test_own_addresses_are_the_lasting_ones_outside() -> None:
    assert own_addresses(Request("ipip", (VIP4,)), TWO_LINKS) == (REAL4, REAL6)
    assert own_addresses(Request("ipip", (VIP4,), interface="eth1"), TWO_LINKS) == (REAL6,)
    named = Request("ipip", (VIP4,), addresses=(ip_address("192.0.2.99"),))
    assert own_addresses(named, TWO_LINKS) == named.addresses
    with pytest.raises(NetError, match="is on lo only"):
        interfaces_of(named, named.addresses, TWO_LINKS)
    with pytest.raises(NetError, match="no global address on lo0"):
        own_addresses(Request("ipip", (VIP4,), interface="lo0"), TWO_LINKS)


@pytest.mark.parametrize(
    ("method", "own", "sizes"),
    [
        ("ipip", (REAL4, REAL6), (1500 - 20 - 40, 9000 - 40 - 60)),
        ("gue", (REAL4, REAL6), (1500 - 28 - 40, 9000 - 48 - 60)),
        ("ipip", (REAL4,), (1500 - 20 - 40, 1500 - 20 - 60)),
        ("gue", (REAL6,), (9000 - 48 - 40, 9000 - 48 - 60)),
    ],
)
def test_segments_fit_with_their_envelope(
    method: str, own: tuple[Any, ...], sizes: tuple[int, int]
) -> None:
    request = Request(method, (VIP4, VIP6))
    assert tuple(default_mss(request, vip, own, TWO_LINKS) for vip in (VIP4, VIP6)) == sizes


def test_without_an_envelope_segments_may_be_of_any_size() -> None:
    assert default_mss(Request("dscp", (VIP4,), dscp=1), VIP4, (REAL4,), TWO_LINKS) == 0
