# SPDX-License-Identifier: Apache-2.0
"""Addresses of a configuration that the host gets while it runs, and those that it had before."""

from __future__ import annotations

import grp
from collections.abc import Callable
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from dsrlb.config import Config, HostFacts, LinkFact
from dsrlb.config.sharing import sharing
from dsrlb.config.source import read
from dsrlb.config.values import IPNetwork
from dsrlb.control import hostchecks
from dsrlb.control.hostchecks import HostCheck
from dsrlb.control.probing import prefixes
from dsrlb.errors import ConfigError
from dsrlb.observe.events import EventLog

TEXT = """\
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
health.type = "none"
real = [{ address = "10.0.0.11" }, { address = "10.0.0.12" }]
[[service]]
name = "arm"
vip = "192.0.2.20"
protocol = "tcp"
port = 80
mode = "one-arm"
snat.pool = ["10.1.0.200-10.1.0.203"]
health.type = "none"
real = [{ address = "10.0.0.13" }]
[[service]]
name = "way"
vip = "10.9.0.30"
protocol = "tcp"
port = 80
mode = "router"
health.type = "none"
real = [{ address = "10.9.0.31" }]
"""
CLASHES = {
    "vip": ("192.0.2.10/32", "192.0.2.10: this VIP is an address of this host (on eth0)"),
    "real": ("10.0.0.13/32", "10.0.0.13: this real server is this host itself (on eth0)"),
    "pool": ("10.1.0.201/32", "10.1.0.200-10.1.0.203: 10.1.0.201 is an address of this host"),
    "end": ("10.1.0.205/29", "10.1.0.200 is the network address of 10.1.0.200/29"),
    "round": ("10.9.0.1/24", "10.9.0.30: real server 10.9.0.31 is in the same subnet"),
}
"""An address that comes, and what is told."""


class Host:
    """Of which addresses come and go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses = ["10.200.0.1/24"]
        self.mtu = 1500
        self.links: dict[str, LinkFact] = {}
        self.probed: list[tuple[IPNetwork, str]] = []
        monkeypatch.setattr(hostchecks, "host_facts", self._facts)
        monkeypatch.setattr(prefixes, "_taken", lambda *_: iter(self.probed))

    def _facts(self) -> HostFacts:
        link = LinkFact(2, "", "02:00:00:00:00:01", self.mtu, True)
        return HostFacts(
            {"eth0": link, **self.links},
            {ip_address(one.split("/")[0]): "eth0" for one in self.addresses},
            {"eth0": tuple(ip_interface(one).network for one in self.addresses)},
        )


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def config(old: str = "", new: str = "") -> Config:
    """The configuration with something in it replaced."""
    assert old in TEXT
    return read(TEXT.replace(old, new) if old else TEXT, "f.toml")[0]


def refused(check: HostCheck, wanted: Config, before: Config | None, *, runs: bool = True) -> str:
    """Why a configuration is refused; "": it is not."""
    _, origin = read(TEXT, "f.toml")
    try:
        check.check(wanted, origin, False, before, runs=runs)
    except ConfigError as error:
        return error.message
    return ""


@pytest.mark.parametrize("name", CLASHES)
def test_what_came_while_it_runs_refuses_nothing(host: Host, name: str) -> None:
    address, says = CLASHES[name]
    running = config()
    check = HostCheck("main")
    assert refused(check, running, None, runs=False) == ""
    host.addresses.append(address)
    lighter = sharing(config('"10.0.0.12"', '"10.0.0.12", weight = 7'), running)
    assert refused(check, lighter, running) == ""
    assert check.obstacle(running, lighter) == ""
    assert refused(HostCheck("main"), running, running) == "", "a start that takes over"
    fact = says.rpartition(": ")[2]
    assert fact in refused(HostCheck("main"), running, running, runs=False), "from nothing"
    assert fact in refused(HostCheck("main"), running, None)


def test_what_a_change_brings_in_is_refused(host: Host) -> None:
    before = config("192.0.2.10", "192.0.2.11")
    check = HostCheck("main")
    assert refused(check, before, None) == ""
    host.addresses += ["192.0.2.10/32", "192.0.2.20/32"]
    for _ in range(2):
        why = refused(check, sharing(config(), before), before)
        assert "192.0.2.10" in why
        assert "192.0.2.20" not in why, "which runs already"


def test_there_is_no_way_back_to_what_the_host_has_by_then(host: Host) -> None:
    running = config()
    check = HostCheck("main")
    assert refused(check, running, None) == ""
    host.addresses.append("192.0.2.10/32")
    without = sharing(config('vip = "192.0.2.10"', 'vip = "192.0.2.11"'), running)
    assert refused(check, without, running) == ""
    assert "192.0.2.10" in check.obstacle(running, without)
    assert "192.0.2.10" in refused(check, running, without)


@pytest.mark.parametrize("name", CLASHES)
def test_what_was_right_as_it_ran_is_not_right_by_itself(host: Host, name: str) -> None:
    """A start looks again when it finds that nothing runs, and has found the same right before."""
    address, says = CLASHES[name]
    host.addresses.append(address)
    running, check, fact = config(), HostCheck("main"), says.rpartition(": ")[2]
    assert refused(check, running, running) == ""
    assert fact in refused(check, running, running, runs=False)


def test_nor_is_the_way_back_that_was_right_before(host: Host) -> None:
    running = config()
    check = HostCheck("main")
    host.addresses.append("192.0.2.10/32")
    for weight in (7, 8):  # others: they are right as long as it runs
        new = config('"10.9.0.31"', f'"10.9.0.31", weight = {weight}')
        before, running = running, sharing(new, running)
        assert refused(check, running, before) == ""
        assert check.obstacle(before, running) == ""
    without = sharing(config('vip = "192.0.2.10"', 'vip = "192.0.2.11"'), running)
    assert refused(check, without, running) == ""
    assert "192.0.2.10" in check.obstacle(running, without)
    assert "192.0.2.10" in refused(check, sharing(config(), without), without)
    assert refused(check, running, running) == "", "it goes on, where it runs still"


@pytest.mark.parametrize("name", CLASHES)
def test_what_comes_and_goes_is_told_once(host: Host, name: str) -> None:
    address, says = CLASHES[name]
    running, events, check = config(), EventLog(), HostCheck("main")
    check.tell(running, events, anew=True)
    assert events.since(0) == []
    host.addresses.append(address)
    for _ in range(2):
        check.tell(running, events, anew=True)
    (came,) = events.since(0)
    assert (came.kind, came.level) == ("address", "warning")
    assert says in came.message
    assert "what runs goes on with it, a start from nothing is refused" in came.message
    host.addresses.remove(address)
    check.tell(running, events, anew=True)
    (gone,) = events.since(came.id)
    assert (gone.kind, gone.level) == ("address", "info")
    assert "no longer so" in gone.message
    assert says.rpartition(": ")[2] in gone.message


def test_a_change_without_the_address_is_told(host: Host) -> None:
    running, events, check = config(), EventLog(), HostCheck("main")
    host.addresses.append("192.0.2.10/32")
    check.tell(running, events, anew=True)
    without = sharing(config('vip = "192.0.2.10"', 'vip = "192.0.2.11"'), running)
    assert refused(check, without, running) == ""
    check.follow(without, events)
    assert [event.level for event in events.since(0)] == ["warning", "info"]


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
def larger(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """It has all that FURTHER needs."""
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
