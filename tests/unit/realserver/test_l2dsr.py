# SPDX-License-Identifier: Apache-2.0
"""What a real server of mode l2dsr lacks, and how it is mended."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from dsrlb.realserver import Piece, steps
from dsrlb.realserver.pieces import l2dsr
from dsrlb.realserver.steps import Assigned, Host
from tests.unit.realserver.hosts import BARE, READY, VIP4, VIP6, write

OWN4 = IPv4Address("192.0.2.5")


def lacking(vips: tuple[IPv4Address | IPv6Address, ...], host: Host) -> list[Piece]:
    return [piece for piece in l2dsr(vips, None, host) if not piece.ok]


def test_a_ready_host_lacks_nothing() -> None:
    assert lacking((VIP4, VIP6), READY) == []


def test_missing_addresses_are_added_without_being_a_source() -> None:
    assert [piece.remedy for piece in lacking((VIP4, VIP6), BARE)] == [
        "ip address add 192.0.2.10/32 dev lo scope host",
        "ip -6 address add 2001:db8::10/128 dev lo nodad preferred_lft 0",
    ]


def test_ipv6_alone_needs_no_arp_settings(proc: Path) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": "0"})
    assert lacking((VIP6,), READY) == []


def test_silence_comes_before_the_address(proc: Path) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": "0"})
    names = [piece.name for piece in lacking((VIP4,), BARE)]
    assert names == ["ipv4/conf/all/arp_ignore", "192.0.2.10 on lo"]


@pytest.mark.parametrize(
    ("value", "ok"), [("0", False), ("1", True), ("2", True), ("8", True), ("5", False)]
)
def test_arp_ignore_may_be_stricter_but_not_undefined(proc: Path, value: str, ok: bool) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": value})
    assert (lacking((VIP4,), READY) == []) is ok


@pytest.mark.parametrize(
    ("everywhere", "own", "ok"),
    [("0", "0", True), ("1", "0", False), ("0", "1", False), ("1", "2", True), ("2", "1", True)],
)
def test_rp_filter_counts_the_larger_value(proc: Path, everywhere: str, own: str, ok: bool) -> None:
    write(proc, {"net/ipv4/conf/all/rp_filter": everywhere})
    write(proc, {"net/ipv4/conf/eth0/rp_filter": own})
    found = lacking((VIP4,), READY)
    assert [piece.remedy for piece in found] == (
        [] if ok else ["sysctl -w net.ipv4.conf.eth0.rp_filter=2"]
    )


@pytest.mark.parametrize(
    ("place", "others", "advice"),
    [
        (
            Assigned("eth0", 24),
            {OWN4: (Assigned("eth0", 24),)},
            "ip address del 192.0.2.10/24 dev eth0",
        ),
        (Assigned("eth0", 24), {VIP6: (Assigned("eth0", 64),)}, "the only IPv4 address of eth0"),
        (Assigned("eth0", 24), {OWN4: (Assigned("eth1", 24),)}, "the only IPv4 address of eth0"),
        (Assigned("lo", 24), {}, "ip address del 192.0.2.10/24 dev lo"),
    ],
)
def test_a_vip_in_the_wrong_place_is_for_the_operator(
    place: Assigned, others: dict[steps.IPAddress, tuple[Assigned, ...]], advice: str
) -> None:
    """The host's own address is not to be taken from it."""
    wrong = Host(up=READY.up, addresses={VIP4: (Assigned("lo", 32), place), **others})
    (piece,) = lacking((VIP4,), wrong)
    assert not piece.steps
    assert advice in piece.remedy


def test_ipv6_off_on_the_loopback_is_said(proc: Path) -> None:
    write(proc, {"net/ipv6/conf/lo/disable_ipv6": "1"})
    (piece,) = lacking((VIP6,), BARE)
    assert "disable_ipv6=0" in piece.remedy
