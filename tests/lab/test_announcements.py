# SPDX-License-Identifier: Apache-2.0
"""On every occasion the clients are told where the VIPs are."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain
from tests.lab.sniff import sniffing
from tests.waiting import wait_until

Occasion = Callable[[Plain, Instance], None]


def _plug_anew(plain: Plain, balancer: Instance) -> None:
    plain.unplug("lb")
    balancer.wait_event("eth0 is not there")
    plain.plug("lb")


def _down_and_up(plain: Plain, balancer: Instance) -> None:
    plain.lb.batch("link set eth0 down")
    wait_until("no real is up", lambda: balancer.count_up() == 0)
    plain.lb.batch("link set eth0 up")


def _new_mac(plain: Plain, _balancer: Instance) -> None:
    plain.lb.batch("link set eth0 address 02:00:00:00:77:78")


def _announce_on(_plain: Plain, balancer: Instance) -> None:
    balancer.done("apply", balancer.write(config()))


def _reload_with_vip(_plain: Plain, balancer: Instance) -> None:
    balancer.write(config())
    balancer.signal(signal.SIGHUP)


# What happens, the configuration before, and how many announcements there must be in all. At a
# link that comes up again the MAC address is the one of the three at the start.
OCCASIONS: dict[str, tuple[Occasion, str, int]] = {
    "interface made anew": (_plug_anew, config(), 3),
    "link down and up": (_down_and_up, config(), 4),
    "new MAC address": (_new_mac, config(), 3),
    "announce switched on": (_announce_on, config(balancer="announce = false"), 3),
    "VIP by reload": (_reload_with_vip, config(vips=("10.78.0.200", "fd78::200")), 3),
}


@pytest.mark.parametrize("name", OCCASIONS)
def test_vips_are_announced_when_they_must_be(plain: Plain, balancer: Instance, name: str) -> None:
    """Three times each, with the interface's present MAC address."""
    occasion, before, least = OCCASIONS[name]
    with sniffing(plain.client, "eth0", "arp or icmp6", "-Q", "in") as sniff:
        balancer.start(before)
        occasion(plain, balancer)
        v4, v6 = VIPS
        mac = plain.lb.mac()
        for words in (
            (f"{mac} > ff:ff:ff:ff:ff:ff", f"tell {v4}|Reply {v4} is-at"),
            (f"{mac} > 33:33:00:00:00:01", f"advertisement, tgt is {v6}"),
        ):
            sniff.wait(*words, least=least)
