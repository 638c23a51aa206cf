# SPDX-License-Identifier: Apache-2.0
"""Addresses of a configuration that the host gets while it runs, and those that it had before."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest

from dsrlb.config import Clash, Config, HostFacts, LinkFact
from dsrlb.config.sharing import sharing
from dsrlb.config.source import read
from dsrlb.config.values import IPNetwork
from dsrlb.control import hostchecks
from dsrlb.control.hostchecks import HostCheck, adopt
from dsrlb.control.probing import prefixes
from dsrlb.control.probing.targets import prefixes_needed
from dsrlb.errors import ConfigError
from dsrlb.net import links
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


def test_what_was_right_is_not_on_another_host(host: Host) -> None:
    """Though it is the same configuration, and was looked at a moment ago."""
    wanted, check = config(), HostCheck("main")
    assert refused(check, wanted, None) == ""
    host.addresses.append("192.0.2.10/32")
    assert "192.0.2.10" in refused(check, wanted, None)


def test_with_vips_taken_off_it_is_not_right_without(host: Host) -> None:
    """Whoever prepares with --adopt-vip and applies without has to be told."""
    host.addresses.append("192.0.2.10/32")
    wanted, check = config(), HostCheck("main")
    _, origin = read(TEXT, "f.toml")
    check.check(wanted, origin, adopt_vip=True, before=None)
    assert "192.0.2.10" in refused(check, wanted, None)


def test_what_is_wrong_is_told_at_its_place_in_the_whole(host: Host) -> None:
    running, check = config(), HostCheck("main")
    assert refused(check, running, None) == ""
    wrong = sharing(config('"10.9.0.31"', '"10.200.0.1"'), running)
    assert "service[2].real" in refused(check, wrong, running)


def test_of_a_service_that_changes_its_group_is_looked_at(host: Host) -> None:
    grouped = TEXT.replace(
        'real = [{ address = "10.9.0.31" }]',
        'group = "g"\n[[group]]\nname = "g"\nreal = [{ address = "10.9.0.31" }]',
    ).replace('mode = "router"\nhealth.type = "none"', 'mode = "router"')
    running = read(grouped, "f.toml")[0]
    check = HostCheck("main")
    assert refused(check, running, None) == ""
    wrong = sharing(read(grouped.replace("10.9.0.31", "10.200.0.1"), "f.toml")[0], running)
    assert "10.200.0.1" in refused(check, wrong, running)


def test_prefixes_of_others_are_looked_at_until_they_are_free(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And again, when others are needed or the host is another."""
    clash = Clash(("balancer", "probe_prefix"), "x", "instance other has it")
    found, asked = [clash], []

    def occupied(wanted: Config, *_: object) -> list[Clash]:
        asked.append(1)
        return found if prefixes_needed(wanted) else []

    monkeypatch.setattr(hostchecks, "occupied", occupied)
    text = TEXT.replace('mode = "l2dsr"\nhealth.type = "none"', 'mode = "l2dsr"')
    probed, check = read(text, "f.toml")[0], HostCheck("main")
    for _ in range(2):
        assert "instance other has it" in refused(check, probed, None)
    found.clear()
    for _ in range(2):
        assert refused(check, probed, None) == ""
    assert len(asked) == 3
    found.append(clash)
    text = text.replace("[balancer]", '[balancer]\nprobe_prefix = "10.255.0.0/16"')
    assert "instance other has it" in refused(check, read(text, "f.toml")[0], config())
    host.addresses.append("10.201.0.1/24")
    assert "instance other has it" in refused(check, probed, config())


def test_vips_that_are_taken_off_are_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {ip_address("192.0.2.10"), ip_address("10.200.0.1")}
    off: list[str] = []
    monkeypatch.setattr(links, "list_links", lambda: [])
    monkeypatch.setattr(links, "list_addresses", lambda _: (dict.fromkeys(there, "eth0"), {}))

    def remove(vip: object) -> str:
        off.append(str(vip))
        return f"{vip}/24"

    monkeypatch.setattr(links, "remove_address", remove)
    events = EventLog()
    adopt(config(), events)
    assert off == ["192.0.2.10"]
    (event,) = events.since(0)
    assert (event.kind, event.level) == ("vip", "warning")
    assert event.message == "took 192.0.2.10/24 off: it is a VIP now"


def test_with_another_balancer_services_that_stay_are_looked_at(host: Host) -> None:
    host.addresses.clear()
    text = TEXT.replace('mode = "l2dsr"', 'mode = "l3dsr"\nl3dsr.method = "ipip"')
    source = text.replace("[balancer]", '[balancer]\ntunnel_source = "10.77.0.1"')
    running, check = read(source, "f.toml")[0], HostCheck("main")
    assert refused(check, running, None) == ""
    without = sharing(read(text, "f.toml")[0], running)
    assert without.service is running.service
    assert "there is no IPv4 address to send from" in refused(check, without, running)
