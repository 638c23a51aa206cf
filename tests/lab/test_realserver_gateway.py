# SPDX-License-Identifier: Apache-2.0
"""`dsrlb real-server` for the modes whose replies come back: router, nat, bridge, one-arm."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.realserver import BOTH, OTHER4, VIP4, VIP6, Namespace, segment_in

LB4, LB6 = "10.77.0.1", "fd77::1"
ROUTER = ("--mode", "router", *BOTH, "--gateway", LB4, "--gateway", LB6)
OLD4, OLD6 = "10.77.0.9", "fd77::9"
FAMILIES = (("-4", OLD4, "8.8.8.8"), ("-6", OLD6, "2001:4860::1"))


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Namespace]:
    """A real server."""
    with segment_in(tmp_path) as (_, made):
        yield made


def routes(real: Namespace) -> str:
    """All routes of the main table, and everything else that setup may touch."""
    return real.run("ip", "-4", "route") + real.run("ip", "-6", "route") + real.settings()


def ways(real: Namespace) -> list[str]:
    """Who the kernel sends packets for far away to."""
    found = []
    for family, _, far in FAMILIES:
        (way,) = json.loads(real.run("ip", family, "-json", "route", "get", far))
        found.append(way["gateway"])
    return found


@pytest.mark.parametrize("mode", ["one-arm", "bridge"])
def test_nothing_is_needed(real: Namespace, mode: str) -> None:
    before = routes(real)
    options = ("--mode", mode, *BOTH)
    assert real.lacking(*options) == []
    done = real.dsrlb("setup", *options)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"mode {mode} needs nothing on a real server" in done.stderr
    assert routes(real) == before
    assert list((real.root / "var/lib/dsrlb").iterdir()) == []
    assert real.done("undo", "--mode", mode) == ""


@pytest.mark.parametrize("mode", ["one-arm", "bridge", "router", "nat"])
def test_a_vip_on_the_wire_is_told(real: Namespace, mode: str) -> None:
    real.run("ip", "route", "add", "default", "via", OLD4)
    real.run("ip", "address", "add", f"{VIP4}/24", "dev", "eth0")
    options = ("--mode", mode, "--vip", VIP4)
    assert real.lacking(*options) == [f"{VIP4} on no interface"]
    refused = real.dsrlb("setup", *options)
    assert refused.returncode == 1
    assert f"ip address del {VIP4}/24 dev eth0" in refused.stderr
    own = real.dsrlb("setup", "--mode", mode, "--vip", "10.77.0.2")
    assert "10.77.0.2/24 on eth0" in own.stderr


def test_the_gateway_can_be_left_to_the_operator(real: Namespace) -> None:
    options = ("--mode", "nat", "--vip", VIP4)
    assert real.lacking(*options) == ["IPv4 default route"]
    assert "--gateway" in real.dsrlb("setup", *options).stderr
    real.run("ip", "route", "add", "default", "via", OLD4)
    before = routes(real)
    assert real.lacking(*options) == []
    done = real.dsrlb("setup", *options)
    assert done.returncode == 0
    assert "see to it yourself" in done.stderr
    assert routes(real) == before


HOP = ("nexthop", "via")
# What is there before, by `ip route add`.
BEFORE = [
    [],
    [("-4", "default", "via", OLD4), ("-6", "default", "via", OLD6)],
    [
        ("-4", "default", "via", OLD4, "proto", "static", "src", "10.77.0.2", "mtu", "1400"),
        ("-6", "default", "via", OLD6, "metric", "1", "proto", "static", "mtu", "1400"),
    ],
    [
        ("-4", "default", "via", OLD4, "metric", "100"),
        ("-4", "default", "via", "10.77.0.8", "metric", "200"),
        ("-6", "default", "via", OLD6, "metric", "100"),
        ("-6", "unreachable", "default", "metric", "5000"),
    ],
    [
        ("-4", "default", *HOP, OLD4, "weight", "1", *HOP, "10.77.0.8", "weight", "3"),
        ("-6", "default", "metric", "1", *HOP, OLD6, *HOP, "fd77::8"),
    ],
    [("-4", "default", "dev", "eth0", "scope", "link"), ("-6", "default", "dev", "eth0")],
]
IDS = ["none", "plain", "the same metric", "other metrics", "several hops", "no gateway"]


@pytest.fixture(params=BEFORE, ids=IDS)
def routed(request: pytest.FixtureRequest, real: Namespace) -> Namespace:
    """A real server with default routes of its own."""
    for family, *words in request.param:
        kind = ["unreachable"] if words[0] == "unreachable" else []
        real.run("ip", family, "route", "add", *kind, *words[len(kind) :])
    return real


def test_the_way_leads_to_the_balancer_and_back(routed: Namespace) -> None:
    before = routes(routed)
    assert routed.lacking(*ROUTER) == ["IPv4 default route", "IPv6 default route"]
    routed.done("setup", *ROUTER)
    assert ways(routed) == [LB4, LB6]
    assert routed.lacking(*ROUTER) == []
    assert routed.done("setup", *ROUTER) == ""
    routed.done("undo")
    assert routes(routed) == before
    assert list((routed.root / "var/lib/dsrlb").iterdir()) == []


def test_setups_with_other_gateways_are_undone(routed: Namespace) -> None:
    before = routes(routed)
    routed.done("setup", *ROUTER)
    nat = ("--mode", "nat", "--vip", OTHER4, "--gateway", "10.77.0.7", "--interface", "eth0")
    routed.done("setup", *nat)
    assert ways(routed) == ["10.77.0.7", LB6]
    assert routed.lacking(*ROUTER) == ["IPv4 default route"]
    routed.done("undo", "--mode", "router")
    assert routed.run("ip", "-6", "route") in before
    assert routed.lacking(*nat) == []
    routed.done("undo", "--mode", "nat", "--vip", OTHER4)
    assert routes(routed) == before


def test_dry_runs_can_be_pasted(routed: Namespace) -> None:
    before = routes(routed)
    shown = routed.done("setup", *ROUTER, "--dry-run")
    assert routes(routed) == before
    routed.done("setup", *ROUTER)
    done = routes(routed)
    back = routed.done("undo", "--dry-run")
    assert routes(routed) == done
    for line in back.splitlines():
        routed.run("sh", "-c", line)
    assert routes(routed) == before
    for line in shown.splitlines():
        routed.run("sh", "-c", line)
    assert routes(routed) == done


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_an_interrupted_setup_is_undone(routed: Namespace, family: str, tmp_path: Path) -> None:
    """ip fails at one of the routes."""
    before = routes(routed)
    script = tmp_path / "ip"
    words = f"{family} route replace"
    script.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "{words}" ] && exit 1\nexec /sbin/ip "$@"\n')
    script.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert routed.dsrlb("setup", *ROUTER, PATH=path).returncode == 1
    routed.done("undo")
    assert routes(routed) == before
    routed.done("setup", *ROUTER)
    again = (*ROUTER[:-3], "10.77.0.7", *ROUTER[-2:-1], "fd77::7")
    assert routed.dsrlb("setup", *again, PATH=path).returncode == 1
    routed.done("undo")
    assert routes(routed) == before


def test_what_others_changed_since_is_left_alone(real: Namespace) -> None:
    real.run("ip", "route", "add", "default", "via", OLD4)
    real.done("setup", *ROUTER)
    real.run("ip", "route", "replace", "default", "via", "10.77.0.8")
    left = real.dsrlb("undo")
    assert left.returncode == 0
    assert f"setup had written default via {LB4}: left" in left.stderr
    assert real.run("ip", "route").startswith("default via 10.77.0.8 dev eth0")
    assert "default" not in real.run("ip", "-6", "route")


def test_a_change_between_two_setups_is_what_undo_restores(real: Namespace) -> None:
    real.run("ip", "route", "add", "default", "via", OLD4)
    real.done("setup", *ROUTER)
    real.run("ip", "route", "replace", "default", "via", "10.77.0.8")
    real.done("setup", *ROUTER)
    real.done("undo")
    assert real.run("ip", "route").startswith("default via 10.77.0.8 dev eth0")


def test_an_interface_that_went_down_took_the_routes_along(real: Namespace) -> None:
    real.run("ip", "route", "add", "default", "via", OLD4)
    real.done("setup", "--mode", "router", "--vip", VIP4, "--gateway", LB4)
    real.run("ip", "link", "set", "eth0", "down")
    real.run("ip", "link", "set", "eth0", "up")
    assert real.lacking("--mode", "router", "--vip", VIP4, "--gateway", LB4) == [
        "IPv4 default route"
    ]
    undone = real.dsrlb("undo")
    assert undone.returncode == 0
    assert "not there any more" in undone.stderr


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        ("10.77.0.2", "is this host's own address"),
        ("10.99.0.1", "cannot be reached: "),
        (VIP4, "a VIP and the balancer's address at once"),
        ("fe80::5", "needs --interface"),
    ],
)
def test_a_gateway_that_cannot_be_one_is_refused(real: Namespace, gateway: str, words: str) -> None:
    before = routes(real)
    refused = real.dsrlb("setup", "--mode", "router", *BOTH, "--gateway", gateway)
    assert refused.returncode != 0
    assert words in refused.stderr
    assert routes(real) == before


def test_a_gateway_behind_another_router_is_refused(real: Namespace) -> None:
    real.run("ip", "route", "add", "default", "via", OLD4)
    refused = real.dsrlb("setup", "--mode", "nat", "--vip", VIP4, "--gateway", "10.99.0.1")
    assert refused.returncode == 1
    assert f"it is behind {OLD4}" in refused.stderr


def test_a_link_local_gateway(real: Namespace) -> None:
    before = routes(real)
    options = ("--mode", "nat", "--vip", VIP6, "--gateway", "fe80::5", "--interface", "eth0")
    real.done("setup", *options)
    assert real.lacking(*options) == []
    assert "default via fe80::5 dev eth0 metric 1" in real.run("ip", "-6", "route")
    real.done("undo")
    assert routes(real) == before


def test_modes_add_up_on_one_host(real: Namespace) -> None:
    """The same VIP directly and routed: it goes from lo with the last direct one."""
    before = routes(real)
    real.done("setup", *BOTH)
    direct = routes(real)
    real.done("setup", *ROUTER)
    assert real.lacking(*ROUTER) == []
    assert real.lacking(*BOTH) == []
    real.done("undo", "--mode", "router")
    assert routes(real) == direct
    real.done("setup", *ROUTER)
    real.done("undo", "--mode", "l2dsr")
    assert VIP4 not in real.settings()
    assert ways(real) == [LB4, LB6]
    real.done("undo")
    assert routes(real) == before
