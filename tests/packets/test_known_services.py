# SPDX-License-Identifier: Apache-2.0
"""What a CPU remembers of VIPs and ports (ebpf/service.h), and for how long."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address

import pytest

from dsrlb.control.maps import installed
from dsrlb.control.maps.apply import Applier
from tests.packets.harness import LINK, OTHER_LINK, OTHER_MAC, Program
from tests.packets.steps import SYN, V4, V6, A, Family, config, forwarded, refused


@pytest.fixture(params=[V4, V6], ids=["ipv4", "ipv6"])
def family(program: Program, request: pytest.FixtureRequest) -> Family:
    program.configure(config(A))
    found: Family = request.param
    return found


def send(program: Program, family: Family, *, sport: int = 1000) -> None:
    """A SYN to the service, which takes it."""
    forwarded(program, family.tcp(SYN, sport=sport), family.to_11, head=family.head)


def forget_key(program: Program) -> None:
    """The service's port goes, without a word to the fast path."""
    services = program.maps["services"]
    for key in list(services.hash_keys()):
        services.delete(key.tobytes())


def test_a_service_is_looked_up_once_an_epoch(program: Program, family: Family) -> None:
    send(program, family)
    forget_key(program)
    send(program, family, sport=1001)
    program.maps["service_epoch"].array[0] += 1
    refused(program, family.tcp(SYN, sport=1002), "no-service", head=family.head)


def test_only_what_it_is_remembered_for(program: Program, family: Family) -> None:
    """Another port, protocol or VIP is looked up."""
    send(program, family)
    forget_key(program)
    refused(program, family.tcp(SYN, dport=81), "no-service", head=family.head)
    refused(program, family.udp(dport=80), "no-service", head=family.head)
    send(program, family, sport=1001)


def test_many_vips_at_once(program: Program, family: Family) -> None:
    """Those of one network do not share a place."""
    ways = [replace(family, vip=str(ip_address(family.vip) + n)) for n in range(32)]
    listed = ", ".join(f'"{way.vip}"' for way in ways)
    program.configure(config(A).replace('"192.0.2.10", "2001:db8::10"', listed))
    for way in ways:
        send(program, way)
    forget_key(program)
    frames = [family.head + way.tcp(SYN, sport=1001) for way in ways]
    assert Counter(program.run(frame).reason for frame in frames)["forwarded"] > 20


def test_each_change_begins_an_epoch(program: Program, family: Family) -> None:
    """A port that goes, a port that comes back, a VIP that goes."""
    send(program, family)
    program.configure(config(A).replace("port = 80", "port = 81"))
    refused(program, family.tcp(SYN, sport=1001), "no-service", head=family.head)
    program.configure(config(A))
    send(program, family, sport=1002)
    elsewhere = config(A).replace(family.vip, str(ip_address(family.vip) + 67))
    program.configure(elsewhere)
    packet = family.tcp(SYN, sport=1003)
    refused(program, packet, "pass", head=family.head, verdict="pass")
    program.configure(config(A))
    send(program, family, sport=1004)


def test_nothing_is_remembered_during_a_change(program: Program, family: Family) -> None:
    """Nor after one in which the daemon was killed, until the next begins."""
    send(program, family)
    program.maps["service_epoch"].array[0] += 1
    send(program, family, sport=1001)
    forget_key(program)
    refused(program, family.tcp(SYN, sport=1002), "no-service", head=family.head)
    Applier(program.maps, installed.read(program.maps))
    assert program.maps["service_epoch"].array[0] % 2 == 0
    refused(program, family.tcp(SYN, sport=1002), "no-service", head=family.head)


def test_interfaces_are_asked(program: Program, family: Family) -> None:
    """A packet of an interface that the VIP is not on is not the service's."""
    vips = program.maps["vips"]
    for key in list(vips.hash_keys()):
        found = vips.get(key.tobytes())
        assert found is not None
        vips.set(key.tobytes(), (1 << LINK.number, found["tcp_blocks"], found["udp_blocks"]))
    program.maps["service_epoch"].array[0] += 2
    send(program, family)
    head = OTHER_MAC + family.head[6:]
    outcome = program.run(head + family.tcp(SYN, sport=1001), OTHER_LINK.number)
    assert (outcome.action, outcome.reason) == ("pass", "pass")
