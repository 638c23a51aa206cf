# SPDX-License-Identifier: Apache-2.0
"""What a host takes from a configuration that runs, other than its addresses."""

from __future__ import annotations

import grp
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from dsrlb.config import LinkFact
from dsrlb.config.sharing import sharing
from dsrlb.config.source import read
from dsrlb.control.hostchecks import HostCheck
from dsrlb.observe.events import EventLog
from tests.unit.control.test_hostchecks import TEXT, Host, config, refused

TUNNEL = """
[[service]]
name = "tunnel"
vip = "192.0.2.40"
protocol = "tcp"
port = 80
mode = "l3dsr"
l3dsr.method = "ipip"
real = [{ address = "10.0.0.14" }]
[[bridge]]
name = "br0"
ports = ["eth1", "eth2"]
reals_on = "eth2"
"""
FURTHER = TEXT.replace('"eth0"]', '"eth0", "eth1", "eth2"]\nsocket_group = "ops"') + TUNNEL
OTHER_FURTHER = FURTHER.replace('"10.0.0.12"', '"10.0.0.12", weight = 7')


def no_source(host: Host, _: pytest.MonkeyPatch) -> None:
    """The only address that tunnels could come from goes."""
    host.addresses.clear()


def small(host: Host, _: pytest.MonkeyPatch) -> None:
    """Packets do not fit into tunnels."""
    host.mtu = 500
    host.links |= {name: LinkFact(3, "veth", "02::", 500, True, "br0") for name in ("eth1", "eth2")}


def moved(host: Host, _: pytest.MonkeyPatch) -> None:
    """A port is in another bridge."""
    host.links["eth1"] = LinkFact(3, "veth", "02::", 1500, True, "br1")


def no_group(_: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has that group any more."""
    monkeypatch.setattr(grp, "getgrnam", {}.__getitem__)


def probed(host: Host, _: pytest.MonkeyPatch) -> None:
    """A network is where probes are sent to."""
    host.links["eth9"] = LinkFact(9, "", "02::9", 1500, True)
    host.probed.append((ip_network("198.18.7.0/24"), "198.18.7.0/24 is on eth9"))


@pytest.fixture
def larger(monkeypatch: pytest.MonkeyPatch) -> Host:
    """It has all that FURTHER needs."""
    host = Host(monkeypatch)
    ports = {name: LinkFact(3, "veth", "02::", 1500, True, "br0") for name in ("eth1", "eth2")}
    host.links |= {**ports, "br0": LinkFact(5, "bridge", "02::", 1500, True)}
    monkeypatch.setattr(grp, "getgrnam", lambda _: grp.struct_group(("ops", "x", 7, [])))
    return host


@pytest.mark.parametrize(
    ("happens", "kind", "says"),
    [
        (no_source, "tunnel", "there is no IPv4 address to send from"),
        (small, "tunnel", "the largest MTU of balancer.interfaces is 500"),
        (moved, "bridge", "no port of br0, but in br1"),
        (no_group, "group", "no such group on this host"),
        (probed, "address", "198.18.7.0/24 is on eth9. Give another prefix"),
    ],
)
def test_what_else_becomes_wrong_while_it_runs(
    larger: Host,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Host, pytest.MonkeyPatch], None],
    kind: str,
    says: str,
) -> None:
    """It refuses no change that has it no more than what runs, and is told."""
    running, events, check = read(FURTHER, "f.toml")[0], EventLog(), HostCheck("main")
    assert refused(check, running, None, runs=False) == ""
    check.tell(running, events, anew=True)
    assert events.since(0) == []
    happens(larger, monkeypatch)
    lighter = sharing(read(OTHER_FURTHER, "f.toml")[0], running)
    assert refused(check, lighter, running) == ""
    assert check.obstacle(running, lighter) == ""
    assert refused(HostCheck("main"), running, running) == "", "a start that takes over"
    assert says in refused(check, running, running, runs=False), "from nothing"
    assert says in refused(check, lighter, config()), "in the place of something else"
    told = HostCheck("main") if kind == "group" else check  # the kernel says nothing of groups
    told.tell(running, events, anew=True)
    (came,) = events.since(0)
    assert (came.kind, came.level) == (kind, "warning")
    assert says in came.message
