# SPDX-License-Identifier: Apache-2.0
"""Services that leave their packets to the kernel when they have no real server."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets import health
from tests.packets.cases import down as cases
from tests.packets.cases.case import Case
from tests.packets.evidence import check
from tests.packets.generate import icmp, icmpv6, ipv4, ipv6, split, tcp, udp
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.steps import (
    ACK,
    FIN_ACK,
    PSH_ACK,
    RST,
    SYN,
    SYN_ACK,
    A,
    B,
    Family,
    config,
    go,
    opened,
    refused,
    states,
    stop,
)

ADDRESSES = ("10.0.0.11", "fd00::11")
NAMES = ("web", "dns")


def configure(
    program: Program, *reals: str, down: str = "", away: bool = False, keys: str = ""
) -> None:
    """Both services pass; real server 11 is ``down``, or does not answer."""
    found = {a: Resolution(mac_of(a).hex(":"), LINK, False) for a in ADDRESSES} if away else {}
    gone = dict.fromkeys(ADDRESSES, down) if down else {}
    change = health.found(gone, NAMES)
    program.configure(config(*(reals or (A,)), keys=keys), found, change=change)


def passed(program: Program, v: Family, *packets: bytes) -> None:
    """Each of them is the kernel's, as it came."""
    for packet in packets:
        refused(program, packet, "no-real-passed", head=v.head, verdict="pass")


@pytest.mark.parametrize("case", cases.PASSED, ids=lambda case: case.id)
def test_case(program: Program, case: Case) -> None:
    configure(program, down="reset")
    check(case.id, case.sent, case.outcome, program.run(case.sent))


@pytest.mark.parametrize("on_unknown", ["drop", "reset", "schedule"])
@pytest.mark.parametrize("down", ["leave", "reset"])
def test_all_kinds_of_packets(program: Program, v: Family, on_unknown: str, down: str) -> None:
    """Also the segments that follow a SYN, which are the kernel's connection's."""
    configure(program, down=down, keys=f'on_unknown = "{on_unknown}"')
    for flags in (SYN, ACK, PSH_ACK, FIN_ACK, RST, SYN_ACK):
        passed(program, v, v.tcp(flags))
    passed(program, v, v.udp(), v.udp())
    assert states(program) == {}
    assert program.loads() == {}


@pytest.mark.parametrize("algorithm", ["hash", "maglev", "least-connection", "round-robin"])
def test_any_algorithm(program: Program, v: Family, algorithm: str) -> None:
    configure(program, A + "\nweight = 0", keys=f'algorithm = "{algorithm}"')
    passed(program, v, v.tcp(SYN), v.tcp(ACK))


def test_others_are_dropped(program: Program, v: Family) -> None:
    program.configure(config(A + "\nweight = 0"))
    stop(program, v, "no-real", v.tcp(SYN), v.udp())


def test_full_is_not_empty(program: Program, v: Family) -> None:
    configure(program, A + "\nmax_open = 1")
    go(program, v, v.to_11, *opened(v))
    stop(program, v, "reals-full", v.tcp(SYN, sport=1001))
    stop(program, v, "no-flow", v.tcp(ACK, sport=1001))


def test_sources_that_may_not(program: Program, v: Family) -> None:
    """They may not use the kernel's either."""
    network = "10.1.0.0/16" if v.version == 4 else "fd01::/16"
    configure(program, down="leave", keys=f'deny = "{network}"')
    stop(program, v, "denied", v.tcp(SYN), v.tcp(ACK))
    passed(program, v, v.udp())


def test_no_rate_counts_them(program: Program, v: Family) -> None:
    keys = "new_flow_rate = 1\nnew_flow_burst = 1"
    configure(program, down="leave", keys=keys)
    for sport in range(1000, 1020):
        passed(program, v, v.tcp(SYN, sport=sport), v.tcp(ACK, sport=sport))
    configure(program, keys=keys)
    go(program, v, v.to_11, v.tcp(SYN))


def test_back_again(program: Program, v: Family) -> None:
    """New flows have a real server; the kernel's connections are of no flow."""
    configure(program, down="leave")
    passed(program, v, v.tcp(SYN), v.tcp(ACK))
    configure(program)
    stop(program, v, "no-flow", v.tcp(PSH_ACK))
    go(program, v, v.to_11, *opened(v, 1001))


def test_flows_that_wait_for_their_real_server(program: Program, v: Family) -> None:
    """One that only does not answer keeps what it has."""
    configure(program)
    go(program, v, v.to_11, *opened(v), v.tcp(SYN, sport=1001), v.udp(), v.udp())
    configure(program, away=True)
    go(program, v, v.to_11, v.tcp(PSH_ACK), v.tcp(SYN, sport=1001), v.udp())
    passed(program, v, v.tcp(SYN, sport=1002))


def test_flows_that_leave(program: Program, v: Family) -> None:
    """They are the kernel's as well, until there is a real server for them."""
    configure(program)
    go(program, v, v.to_11, *opened(v), v.tcp(SYN, sport=1001), v.udp(), v.udp())
    before = states(program)
    configure(program, down="leave")
    passed(program, v, v.tcp(PSH_ACK), v.tcp(SYN, sport=1001), v.tcp(ACK, sport=1001), v.udp())
    assert states(program) == before
    configure(program)
    go(program, v, v.to_11, v.tcp(PSH_ACK), v.tcp(ACK, sport=1001), v.udp())


def test_flows_of_a_removed_real_server(program: Program, v: Family) -> None:
    configure(program)
    go(program, v, v.to_11, *opened(v))
    configure(program, B + "\nweight = 0")
    passed(program, v, v.tcp(PSH_ACK), v.tcp(RST))


def test_fragments(program: Program, v: Family) -> None:
    """The later ones go where the first one went, and there alone."""
    configure(program, down="leave")
    source, vip = ip_address(v.client), ip_address(v.vip)
    parts = split(source, vip, 17, udp(1000, 53, bytes(48)), 1, 24)
    stop(program, v, "fragment-early", *parts[1:])
    passed(program, v, *parts)
    configure(program)
    passed(program, v, *parts[1:])
    go(program, v, v.to_11, *parts)
    configure(program, down="leave")
    stop(program, v, "real-down", *parts[1:])


def error(v: Family, port: int) -> bytes:
    """About a segment that the VIP sent from a port."""
    client, vip = ip_address(v.client), ip_address(v.vip)
    make, protocol = (ipv4, 1) if v.version == 4 else (ipv6, 58)
    quoted = bytes(4) + make(vip, client, 6, tcp(port, 1000, ACK))
    if v.version == 4:
        return make(client, vip, protocol, icmp(3, 4, quoted))
    return make(client, vip, protocol, icmpv6(client, vip, 2, 0, quoted))


def test_icmp_errors(program: Program, v: Family) -> None:
    """About the kernel's packets: it has to know the way's MTU."""
    configure(program)
    stop(program, v, "icmp-error", error(v, 80))
    configure(program, down="leave")
    passed(program, v, error(v, 80))
    stop(program, v, "icmp-error", error(v, 81))


MODES = [
    *[("l3dsr", f'[service.l3dsr]\nmethod = "{method}"\ndscp = 12') for method in ("dscp",)],
    *[("l3dsr", f'[service.l3dsr]\nmethod = "{method}"') for method in ("ipip", "gue")],
    ("router", ""),
    ("nat", ""),
    ("one-arm", '[service.snat]\npool = ["198.51.100.7", "2001:db8:51::7"]'),
]


@pytest.mark.parametrize(("mode", "more"), MODES, ids=lambda part: part[-12:].strip('"'))
def test_other_modes(program: Program, v: Family, mode: str, more: str) -> None:
    """Also with a TTL that is used up: the packet goes nowhere else."""
    text = config(A, keys=more).replace('mode = "l2dsr"', f'mode = "{mode}"', 1)
    down = dict.fromkeys(ADDRESSES, "reset")
    program.configure(text, change=health.found(down, NAMES))
    last = bytearray(v.tcp(SYN))
    last[8 if v.version == 4 else 7] = 1
    passed(program, v, v.tcp(SYN), v.tcp(ACK), bytes(last))
    assert states(program) == {}
