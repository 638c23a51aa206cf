# SPDX-License-Identifier: Apache-2.0
"""Promises of what happens before and behind the balancer, where replies come back through it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.lablib.breaks import DELIVERED, broken
from tests.unit.lablib.crossed import LABS, ONE_FAMILY, Crossed, answer, exchange, get

STAYS = "a connection stays on its real server"
CAME = "replies: all come to the balancer, as their real server made them"
ONCE = {
    name: f"{name}: each frame leaves the balancer exactly once" for name in ("requests", "replies")
}
POOL = "requests: src IP and port of the pool's: no two flows have the same at a real server"
Expected = Callable[[str], str]


def _stays(mode: str) -> str:
    return STAYS + (", and at its address and port of the pool" if mode == "one-arm" else "")


def _arrive(mode: str) -> str:
    name = "replies: arrive at the client as the balancer sent them"
    return name + (", but for what a router does (TTL - 1, IPv4 checksum)" if mode == "nat" else "")


def _request_lost(lab: Crossed) -> None:
    lab.points[lab.evidence().inner_port].remove(lab.points["r2"][0])


def _reply_lost(lab: Crossed) -> None:
    point = lab.evidence().outer_port
    last = lab.points[point][-1]
    lab.points[point] = [frame for frame in lab.points[point] if frame != last]


def _not_delivered(lab: Crossed) -> None:
    lab.points["r2"] = [frame for frame in lab.points["r2"] if b"whoami" not in frame]


def _delivered_twice(lab: Crossed) -> None:
    for name in (lab.evidence().port_of("r3"), "r3"):
        lab.points[name].append(lab.points["r2"][0])


def _moved(lab: Crossed) -> None:
    lab.request("r3", get())


def _own_socket(lab: Crossed) -> None:
    """A program that has the VIP, as in DSR."""
    lab.reply("r1", answer(lab, "r1", address=lab.vip))


def _changed(lab: Crossed, places: set[str], old: bytes, new: bytes) -> None:
    for name in places:
        assert any(old in frame for frame in lab.points[name])
        lab.points[name] = [frame.replace(old, new) for frame in lab.points[name]]


def _reply_changed_before(lab: Crossed) -> None:
    """Between the real server and the balancer."""
    _changed(lab, {"r1"}, b"\r\n\r\nr1\n", b"\r\n\r\nr2\n")


def _reply_changed_behind(lab: Crossed) -> None:
    _changed(lab, {"client"}, b"\r\n\r\nr1\n", b"\r\n\r\nr2\n")


def _unanswered(lab: Crossed) -> None:
    lab.request("r1", get(40004))


def _own_address(lab: Crossed) -> None:
    """A real server's reply passes untouched: it has also its own MAC address."""
    lab.points[lab.evidence().client_port].append(lab.points["r1"][-1])


def _claimed(lab: Crossed) -> None:
    lab.claim(lab.vip, lab.node("r1").mac)


AROUND: dict[str, tuple[Callable[[Crossed], None], Expected]] = {
    "request lost": (_request_lost, lambda _: ONCE["requests"]),
    "reply lost": (_reply_lost, lambda _: ONCE["replies"]),
    "not delivered": (_not_delivered, lambda _: DELIVERED),
    "delivered to another, too": (_delivered_twice, lambda _: DELIVERED),
    "moved": (_moved, _stays),
    "own socket": (_own_socket, lambda _: "on the real server, requests arrive at its own address"),
    "reply changed before": (_reply_changed_before, lambda _: CAME),
    "reply changed behind": (_reply_changed_behind, _arrive),
    "unanswered": (_unanswered, lambda _: "replies: every flow with a request got one"),
    "own address": (_own_address, lambda _: "replies: source VIP"),
}


@pytest.mark.parametrize(("mode", "version"), ONE_FAMILY)
@pytest.mark.parametrize("name", AROUND)
def test_around_the_balancer(name: str, mode: str, version: int) -> None:
    change, expected = AROUND[name]
    lab = exchange(mode, version)
    change(lab)
    assert expected(mode) in broken(lab)


@pytest.mark.parametrize(("mode", "version"), LABS)
def test_an_address_that_another_claims(mode: str, version: int) -> None:
    lab = exchange(mode, version)
    protocol = "ARP" if version == 4 else "neighbour discovery"
    expected = [f"{protocol} for the VIP: answered by the balancer alone"]
    lab.claim(lab.vip, lab.node("r1").mac)
    assert broken(lab) == expected
    if lab.pool:
        lab.claim(lab.pool[0], lab.node("r1").mac)
        assert broken(lab) == [
            *expected,
            f"{protocol} for the pool: answered by the balancer alone",
        ]


@pytest.mark.parametrize("version", [4, 6])
def test_an_address_and_port_of_the_pool_for_two_flows(version: int) -> None:
    """Both at one real server: their replies cannot be told apart."""
    lab = exchange("one-arm", version)
    lab.request("r1", get(42000))  # it has those of port 40000
    assert POOL in broken(lab)
    lab = exchange("one-arm", version)
    lab.request("r2", get(42000))
    lab.reply("r2", answer(lab, "r2", 42000))
    assert broken(lab) == []
