# SPDX-License-Identifier: Apache-2.0
"""On every occasion the clients are told where the VIPs are."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.capture import Capture
from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain
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


OCCASIONS: dict[str, tuple[Occasion, str]] = {
    "interface made anew": (_plug_anew, config()),
    "link down and up": (_down_and_up, config()),
    "new MAC address": (_new_mac, config()),
    "announce switched on": (_announce_on, config(balancer="announce = false")),
    "VIP by reload": (_reload_with_vip, config(vips=("10.78.0.200", "fd78::200"))),
}


@pytest.mark.parametrize("name", OCCASIONS)
def test_vips_are_announced_when_they_must_be(
    plain: Plain, balancer: Instance, name: str, tmp_path: Path
) -> None:
    """Three times each, with the interface's present MAC address."""
    occasion, before = OCCASIONS[name]
    balancer.start(before)
    wait_until("the start is over", lambda: "attached" in " ".join(balancer.events()))
    occasion(plain, balancer)
    capture = Capture(plain.client, tmp_path)
    try:
        v4, v6 = VIPS
        mac = plain.lb.mac()
        for words in (
            (f"{mac} > ff:ff:ff:ff:ff:ff", f"tell {v4}|Reply {v4} is-at"),
            (f"{mac} > 33:33:00:00:00:01", f"advertisement, tgt is {v6}"),
        ):
            wait_until(f"{words} twice", lambda words=words: capture.count(*words) >= 2, 10)  # type: ignore[misc]
    finally:
        capture.process.kill()
        capture.process.wait()
