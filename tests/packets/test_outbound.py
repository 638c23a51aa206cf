# SPDX-License-Identifier: Apache-2.0
"""Mode nat, outbound: connections that real servers open, by the routes of a namespace.

in0 is a device in there, to 203.0.113.0/24 and 2001:db8:71::/64; real servers are behind out0.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.cases.case import Case
from tests.packets.cases.nat import outbound as nat_outbound
from tests.packets.cases.nat import outbound6 as nat_outbound6
from tests.packets.cases.nat import outbound_udp6 as nat_outbound_udp6
from tests.packets.evidence import check
from tests.packets.harness import LINK, OTHER_LINK, Program, mac_of
from tests.packets.namespace import namespace
from tests.packets.pair_steps import states
from tests.packets.test_paired_cases import LINKS, go

INDEX = 77
CONFIG = """
[balancer]
interfaces = ["in0", "out0"]
[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "nat"
outbound = true
real = [{ address = ["10.0.0.64", "fd00::64"] }]
[service.snat]
pool = ["198.51.100.9", "2001:db8:51::9"]
"""
COMMANDS = [
    "ip link set lo up",
    f"ip link add in0 index {INDEX} address {LINK.mac} type veth peer name other",
    "ip link set in0 up",
    "ip link set other up",
    "ip address add 203.0.113.1/24 dev in0",
    "ip address add 2001:db8:71::1/64 dev in0 nodad",
    "ip neigh add 203.0.113.5 lladdr 02:00:00:00:00:05 nud permanent dev in0",
    "ip neigh add 2001:db8:71::5 lladdr 02:00:00:00:00:05 nud permanent dev in0",
    "echo 1 > /proc/sys/net/ipv4/conf/all/forwarding",
    "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
]
MODULES = [nat_outbound, nat_outbound6, nat_outbound_udp6]
TALKS = [
    steps
    for module in MODULES
    for name, steps in vars(module).items()
    if name.isupper() and isinstance(steps, list)
]


@pytest.fixture(scope="module")
def inside() -> Iterator[ThreadPoolExecutor]:
    """The namespace."""
    with namespace(f"dsrlb-outbound-{os.getpid()}", COMMANDS) as pool:
        yield pool


@pytest.fixture(scope="module")
def configured(loaded: Program) -> Iterator[Program]:
    """The program with CONFIG; routes lead to in0."""
    loaded.link(replace(LINK, ifindex=INDEX))
    found = {
        address: Resolution(mac_of(address).hex(":"), OTHER_LINK, True)
        for address in ("10.0.0.64", "fd00::64")
    }
    loaded.configure(CONFIG, found)
    yield loaded
    loaded.reset()


def _talk(program: Program, steps: list[Case]) -> None:
    program.rewind()
    port = 0
    for case in steps:
        port = go(program, case, port)


@pytest.mark.parametrize("steps", TALKS, ids=lambda steps: steps[0].id)
def test_conversation(configured: Program, inside: ThreadPoolExecutor, steps: list[Case]) -> None:
    inside.submit(_talk, configured, steps).result()


def test_nothing_is_recorded_of_what_passes(
    configured: Program, inside: ThreadPoolExecutor
) -> None:
    for steps in (nat_outbound.PASSED, nat_outbound6.PASSED6):
        inside.submit(_talk, configured, steps).result()
        assert states(configured) == {}
        assert configured.loads() == {}


def test_its_flows_are_none_of_the_services(
    configured: Program, inside: ThreadPoolExecutor
) -> None:
    """What real servers open is not counted where clients' flows are."""
    inside.submit(_talk, configured, nat_outbound.TCP[:4]).result()
    assert states(configured) == {"flows4": ["data"]}
    assert configured.loads() == {}


def test_hidden_from_the_outside(configured: Program) -> None:
    """What comes to the pool's address and is of no flow is dropped."""
    configured.rewind()
    reply = nat_outbound.TCP[1].with_port(40_000)
    got = configured.run(reply.sent, LINKS[reply.link])
    check(
        "no-flow",
        reply.sent,
        replace(reply.outcome, action="drop", reason="no-flow", frame=reply.sent),
        got,
    )
