# SPDX-License-Identifier: Apache-2.0
"""Probes of a running balancer: what they leave by, what they tell; and that it comes and goes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from tests.lab.instance import Instance, config
from tests.lab.plain import PORT, VIPS, Namespace, Plain, addresses
from tests.lab.probing import BASE, capturing, fastest, knock, probe_addresses
from tests.lab.traffic import serves
from tests.waiting import wait_until

UNSERVED = PORT + 1
RULE_IN_FRONT = "rule {} pref 50 to 198.18.0.0/16 blackhole"


def _links(one: Namespace) -> dict[str, dict[str, Any]]:
    """Interfaces by name."""
    shown = json.loads(one.run("ip", "-details", "-json", "link", "show"))
    return {link["ifname"]: link for link in shown}


def _rules(one: Namespace) -> list[str]:
    """What `ip rule` shows of probes."""
    return [
        line
        for family in ("-4", "-6")
        for line in one.run("ip", family, "rule").splitlines()
        if "iif lo" in line
    ]


def _nothing_there(one: Namespace) -> bool:
    """No pair, no rule, no route."""
    routes = one.run("ip", "-4", "route", "show", "table", "all")
    routes += one.run("ip", "-6", "route", "show", "table", "all")
    ends = [name for name in _links(one) if name.startswith("dsrlb-")]
    return not ends and not _rules(one) and "198.18" not in routes and "fd00:d5" not in routes


def _measured(balancer: Instance, *but: str) -> bool:
    """Is there a new response time of every real server, but those?"""
    rows = json.loads(balancer.done("reals", "web", "--json"))
    rows = [row for row in rows if row["address"] not in but]
    return all(row["response_ms"] and row["response_age"] < 5 for row in rows)


def _verdicts(balancer: Instance, host: str) -> set[str]:
    rows = json.loads(balancer.done("reals", "web", "--json"))
    return {row["verdict"] for row in rows if row["address"] in addresses(host)}


def _start(balancer: Instance, text: str = "") -> None:
    balancer.serve(fastest(text or config()))
    wait_until("real servers are measured", lambda: _measured(balancer))


@pytest.mark.lasting
def test_what_is_there(plain: Plain, balancer: Instance) -> None:
    """A pair of interfaces: one has the program, the other two addresses. The kernel may be strict
    about where packets come from."""
    strict = "net.ipv4.conf.all.rp_filter"
    before = plain.lb.run("sysctl", "-n", strict).strip()
    plain.lb.run("sysctl", "-qw", f"{strict}=1")
    _start(balancer)
    found = _links(plain.lb)
    host, end = found["dsrlb-p0"], found["dsrlb-x0"]
    assert "NOARP" in host["flags"] and "UP" in host["flags"] and "UP" in end["flags"]
    assert host["ifalias"] == f"probes of dsrlb {balancer.name}"
    assert end["xdp"]["prog"]["name"] == "dsrlb_probe"
    shown = json.loads(plain.lb.run("ip", "-json", "address", "show", "dev", "dsrlb-p0"))
    assert {one["local"] for one in shown[0]["addr_info"]} == {"198.18.0.0", "fd00:d5::"}
    shown = json.loads(plain.lb.run("ip", "-json", "address", "show", "dev", "dsrlb-x0"))
    assert shown[0]["addr_info"] == []
    (row,) = [row for row in balancer.get("/stats") if row["interface"] == "dsrlb-x0"]
    assert row["reasons"]["forwarded"] >= 3 * 4
    rows = json.loads(balancer.done("reals", "dns", "--json"))
    assert [row["response_ms"] for row in rows] == [None] * 4
    plain.lb.run("sysctl", "-qw", f"{strict}={before}")


def _neighbours(one: Namespace) -> set[str]:
    """The unicast ones that the kernel has on the pair."""
    shown = [
        one.run("ip", family, "neigh", "show", "nud", "all", "dev", "dsrlb-p0")
        for family in ("-4", "-6")
    ]
    found = {line.split()[0] for lines in shown for line in lines.splitlines()}
    return {address for address in found if not address.startswith("ff02:")}


def _gateways(one: Namespace) -> list[str]:
    routes = [
        one.run("ip", family, "route", "show", "table", "all", "dev", "dsrlb-p0", prefix)
        for family, prefix in (("-4", "198.18.0.0/16"), ("-6", "fd00:d5::/96"))
    ]
    return [route.split()[2] if " via " in f" {route}" else "" for route in routes]


@pytest.mark.lasting
def test_real_servers_fill_no_table_of_neighbours(plain: Plain, balancer: Instance) -> None:
    """All that are probed are behind one neighbour of a family; also where an earlier release's
    routes, which have no gateway, are taken over."""
    _start(balancer)
    assert _neighbours(plain.lb) == {"198.18.0.1", "fe80::1"}
    balancer.kill()
    tables = [rule.split()[-1] for rule in _rules(plain.lb)]
    for prefix, table in zip(("198.18.0.0/16", "fd00:d5::/96"), tables, strict=True):
        source = prefix.partition("/")[0]
        plain.lb.batch(f"route replace {prefix} dev dsrlb-p0 src {source} table {table}")
    assert _gateways(plain.lb) == ["", ""]
    plain.lb.batch("neigh flush dev dsrlb-p0 nud noarp")
    balancer.start()
    wait_until("real servers are measured", lambda: _measured(balancer))
    assert _gateways(plain.lb) == ["198.18.0.1", "fe80::1"]
    # What was measured may be the last daemon's: the kernel knows them with the next probe.
    wait_until("they are there", lambda: _neighbours(plain.lb) == {"198.18.0.1", "fe80::1"})


@pytest.mark.lasting
def test_failures_are_told_once(plain: Plain, balancer: Instance) -> None:
    """A server that ended, a real server without the VIP; and both again."""
    health = 'health = { type = "tcp", interval = "500ms", timeout = "400ms" }'
    _start(balancer, config().replace('name = "web"\n', f'name = "web"\n{health}\n', 1))
    v4, v6 = addresses("r1")
    plain.r1.batch(*(f"address del {vip} dev lo" for vip in ("10.78.0.100/32", "fd78::100/128")))
    for address in (v4, v6):
        balancer.wait_event(f"web: {address} is down: ")
    wait_until("it is told why", lambda: _verdicts(balancer, "r1") == {"vip-missing"})
    plain.r1.batch(*(f"address add {vip} dev lo" for vip in ("10.78.0.100/32", "fd78::100/128")))
    for address in (v4, v6):
        balancer.wait_event(f"web: {address} is up")
    with plain.without_server("r2"):
        for address in addresses("r2"):
            balancer.wait_event(f"web: {address} is down: ")
        wait_until("it is told why", lambda: _verdicts(balancer, "r2") == {"port-closed"})
        wait_until("r1 is measured", lambda: _measured(balancer, *addresses("r2")))
        told = [event for event in balancer.events() if " is down: " in event or " is up" in event]
    assert len(told) == 6
    assert len(set(told)) == 6


def _ends(one: Namespace) -> list[tuple[str, int]]:
    found = _links(one)
    return [(name, found[name]["ifindex"]) for name in ("dsrlb-p0", "dsrlb-x0")]


def _program(one: Namespace) -> int:
    return int(_links(one)["dsrlb-x0"]["xdp"]["prog"]["id"])


@pytest.mark.lasting
def test_probes_without_a_daemon(plain: Plain, balancer: Instance) -> None:
    """It is killed: other programs can probe, and the next daemon takes over what there is."""
    _start(balancer)
    ends, program = _ends(plain.lb), _program(plain.lb)
    stands_for = probe_addresses(balancer)
    everybody = {stands_for["web", address] for host in ("r1", "r2") for address in addresses(host)}
    balancer.kill()
    assert all(plain.lb.call(knock, one, PORT) == "open" for one in everybody)
    assert all(plain.lb.call(knock, one, UNSERVED) == "refused" for one in everybody)
    balancer.start()
    assert _ends(plain.lb) == ends
    assert _program(plain.lb) != program
    assert set(probe_addresses(balancer).values()) >= everybody
    wait_until("real servers are measured", lambda: _measured(balancer))
    assert all(plain.lb.call(knock, one, PORT) == "open" for one in everybody)


@pytest.mark.parametrize("daemon", [True, False], ids=["running", "killed"])
def test_detach_leaves_nothing(plain: Plain, balancer: Instance, daemon: bool) -> None:
    assert _nothing_there(plain.lb)
    _start(balancer)
    assert len(_rules(plain.lb)) == 2
    if not daemon:
        balancer.kill()
        assert "attached to eth0 (" in balancer.dsrlb("status").stderr
        assert "dsrlb-x0" not in balancer.dsrlb("status").stderr
    done = balancer.done("detach")
    assert "veth pair dsrlb-p0" in done
    assert _nothing_there(plain.lb)
    if daemon:
        assert balancer.wait() == 0


def test_detach_after_the_pins_and_the_pair_are_gone(plain: Plain, balancer: Instance) -> None:
    """The rules are found all the same."""
    _start(balancer)
    balancer.kill()
    plain.lb.batch("link del dsrlb-p0")
    assert len(_rules(plain.lb)) == 2
    balancer.done("detach")
    assert _nothing_there(plain.lb)


@pytest.mark.lasting
def test_it_comes_back(plain: Plain, balancer: Instance) -> None:
    """Somebody removes the pair, or takes it down, or takes the program off."""
    _start(balancer)
    before = _ends(plain.lb)
    plain.lb.batch("link del dsrlb-p0")
    wait_until("there is another pair", lambda: _there(plain.lb) and _ends(plain.lb) != before)
    plain.lb.batch("link set dsrlb-x0 down", "link set dsrlb-p0 down")
    wait_until("it is up", lambda: all("UP" in _links(plain.lb)[n]["flags"] for n, _ in before))
    plain.lb.batch("link set dsrlb-x0 xdpgeneric off")
    wait_until("it has its program", lambda: "xdp" in _links(plain.lb)["dsrlb-x0"])
    plain.lb.batch("address del 198.18.0.0/32 dev dsrlb-p0")
    wait_until("it has its address", lambda: "198.18.0.0" in plain.lb.run("ip", "address"))
    probes = [probe_addresses(balancer)["web", address] for address in addresses("r1")]
    wait_until(
        "probes work",
        lambda: [plain.lb.call(knock, probe, PORT) for probe in probes] == ["open", "open"],
    )


def _there(one: Namespace) -> bool:
    return {"dsrlb-p0", "dsrlb-x0"} <= _links(one).keys()


@pytest.mark.lasting
def test_configurations_with_and_without(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config())
    assert _nothing_there(plain.lb)
    balancer.done("apply", balancer.write(fastest(config())))
    wait_until("real servers are measured", lambda: _measured(balancer))
    other = 'probe_prefix = ["198.19.0.0/16", "fd00:d6::/96"]'
    balancer.done("apply", balancer.write(fastest(config(balancer=other))))
    shown = plain.lb.run("ip", "-json", "address", "show", "dev", "dsrlb-p0")
    (found,) = json.loads(shown)
    assert {one["local"] for one in found["addr_info"]} == {"198.19.0.0", "fd00:d6::"}
    assert [rule.split()[4] for rule in _rules(plain.lb)] == ["198.19.0.0/16", "fd00:d6::/96"]
    assert "198.18" not in plain.lb.run("ip", "route", "show", "table", "all")
    balancer.done("apply", balancer.write(config()))
    assert _nothing_there(plain.lb)
    assert serves(plain.client)


@pytest.mark.lasting
def test_one_family_is_probed(plain: Plain, balancer: Instance) -> None:
    """The other one gets neither address nor rule."""
    balancer.serve(fastest(config(vips=VIPS[:1])), up=4)
    (rule,) = _rules(plain.lb)
    assert "198.18.0.0/16" in rule
    wait_until("real servers are measured", lambda: _measured(balancer))


def test_another_instance_has_the_prefix(
    plain: Plain, balancer: Instance, make_instance: Callable[[Namespace], Instance]
) -> None:
    """It is refused, until it is given another; then each has its own pair."""
    _start(balancer)
    end = f"peer name lb-eth1 netns {plain.switch.name}"
    plain.lb.batch(f"link add eth1 type veth {end}", "link set eth1 up")
    second = make_instance(plain.lb)
    text = fastest(config(vips=("10.78.0.200", "fd78::200"))).replace('"eth0"', '"eth1"')
    refused = second.dsrlb("run", "-c", second.write(text))
    assert refused.returncode == 2, refused.stderr
    assert "balancer.probe_prefix" in refused.stderr
    assert "another instance probes by 198.18.0.0/16 (dsrlb-p0)" in refused.stderr
    assert not second.pins.exists()
    other = 'probe_prefix = ["198.19.0.0/16", "fd00:d6::/96"]'
    second.start(text.replace("flow_capacity", f"{other}\nflow_capacity", 1), up=0)
    assert {"dsrlb-p0", "dsrlb-x0", "dsrlb-p1", "dsrlb-x1"} <= _links(plain.lb).keys()
    second.done("detach")
    assert second.wait() == 0
    assert _measured(balancer)
    assert len(_rules(plain.lb)) == 2


def test_the_prefix_is_a_network_of_the_host(plain: Plain, balancer: Instance) -> None:
    plain.lb.batch("address add 198.18.7.1/24 dev eth0")
    refused = balancer.dsrlb("run", "-c", balancer.write(fastest(config())))
    assert refused.returncode == 2
    assert "198.18.7.0/24 is on eth0" in refused.stderr
    assert not _rules(plain.lb) and not _there(plain.lb)


@pytest.mark.lasting
def test_probes_cannot_leave(plain: Plain, balancer: Instance) -> None:
    """A rule in front has their packets: that is told, clients are served, and it ends with it."""
    plain.lb.batch(RULE_IN_FRONT.format("add"))
    balancer.serve(fastest(config()))
    balancer.wait_event("nobody is probed: packets to 198.18.0.0/16 do not go to dsrlb-p0")
    assert serves(plain.client)
    plain.lb.batch(RULE_IN_FRONT.format("del"))
    wait_until("real servers are measured", lambda: _measured(balancer), 15)
    assert len([event for event in balancer.events() if "nobody is probed" in event]) == 1


def _frame(family: int, macs: tuple[str, str], source: str, probe: str, port: int) -> bytes:
    network = IP if family == 4 else IPv6
    to, own = macs
    packet = network(src=source, dst=probe) / TCP(sport=40000, dport=port, flags="S")
    return bytes(Ether(dst=to, src=own) / packet)


def _send(frames: list[bytes]) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as channel:
        channel.bind(("eth0", 0))
        for frame in frames:
            channel.send(frame)


def test_nobody_else_can_probe(plain: Plain, balancer: Instance) -> None:
    """A balancer that is a router gets packets for the prefix from the segment: as from itself,
    from who probes, and from others."""
    _start(balancer)
    plain.lb.run(
        "sysctl",
        "-qw",
        *("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"),
        *("net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0"),
        *("net.ipv4.conf.all.accept_local=1", "net.ipv4.conf.eth0.accept_local=1"),
    )
    macs = plain.lb.mac(), plain.client.mac()
    for family in (4, 6):
        own, real, client = (addresses(host)[family == 6] for host in ("lb", "r1", "client"))
        probe, base = probe_addresses(balancer)["web", real], BASE[family].network_address
        sources = (str(base), str(base + 1), client, own)
        frames = [_frame(family, macs, source, probe, UNSERVED) for source in sources]
        with capturing(plain.r1, "eth0") as capture:
            plain.client.call(_send, frames * 3)
            assert plain.lb.call(knock, probe, UNSERVED) == "refused"
            capture.syn([own], UNSERVED)
            assert len(capture.syns(own, UNSERVED)) == 1
