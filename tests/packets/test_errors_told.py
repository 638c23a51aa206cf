# SPDX-License-Identifier: Apache-2.0
"""ICMP errors that are sent and that come in, while time goes by: rates, and MTUs of tunnels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.cases import CONFIG, RESOLUTIONS, Case
from tests.packets.cases.l3dsr import expired, tunnel_mtu, tunnel_mtu6
from tests.packets.evidence import check
from tests.packets.generate import frame, icmpv6, ipv4, ipv6, tcp, udp
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.modelled import VIPS
from tests.packets.steps import A, Family, config, forwarded, refused
from tests.packets.traffic import Generator
from tests.waiting import wait_until

AT_ONCE = 10


def _packet(source: str, expired: bool) -> bytes:
    """Of TTL 1 to a service that routes, or too large for the one at 120."""
    address = ip_address(source)
    ends = address, VIPS[address.version]
    ttl, protocol = (1, 6) if expired else (64, 17)
    message = tcp(1000, 100, 2) if expired else udp(1000, 120, bytes(100))
    if address.version == 4:
        return frame(ipv4(*ends, protocol, message, ttl=ttl), 0x0800)
    return frame(ipv6(*ends, protocol, message, hops=ttl), 0x86DD)


def _reasons(program: Program, frames: Sequence[bytes]) -> Counter[str]:
    """Why what became of them did; buckets of errors are left as they are."""
    before = Counter(program.reason_counts())
    for sent in frames:
        program.code_and_frame(sent)
    return Counter(program.reason_counts()) - before


@pytest.mark.parametrize("source", ["10.1.0.1", "fd01::1"])
@pytest.mark.parametrize("expired", [True, False], ids=["time-exceeded", "too-big"])
def test_rate(program: Program, source: str, expired: bool) -> None:
    """Ten at once, and then one every tenth of a second; the others are dropped."""
    program.configure(CONFIG, RESOLUTIONS)
    answered, dropped = (
        ("answered-time-exceeded", "ttl-exceeded")
        if expired
        else ("answered-too-big", "mtu-exceeded")
    )
    sent = _packet(source, expired)
    found = _reasons(program, [sent] * 200)
    assert found[answered] + found[dropped] == 200
    assert AT_ONCE <= found[answered] <= AT_ONCE + 5
    wait_until("another answer", lambda: _reasons(program, [sent])[answered] == 1)
    program.forget_errors()
    found = _reasons(program, [sent] * 20)
    assert AT_ONCE <= found[answered] <= AT_ONCE + 2


def test_rate_of_each_source(program: Program) -> None:
    """One that asks too often does not keep others from being told. (Some share a bucket.)"""
    program.configure(CONFIG, RESOLUTIONS)
    _reasons(program, [_packet("10.1.0.1", True)] * 50)
    others = [_packet(f"10.1.1.{n}", True) for n in range(1, 101)]
    assert _reasons(program, others)["answered-time-exceeded"] > 95


def test_rate_of_a_network(program: Program) -> None:
    """Of an IPv6 network of 64 bits: a client has as many addresses there as it likes."""
    program.configure(CONFIG, RESOLUTIONS)
    same = [_packet(f"fd01::{n}", True) for n in range(1, 101)]
    assert AT_ONCE <= _reasons(program, same)["answered-time-exceeded"] <= AT_ONCE + 5
    others = [_packet(f"fd01:0:0:{n}::1", True) for n in range(1, 101)]
    assert _reasons(program, others)["answered-time-exceeded"] > 95


def test_rates_of_both_errors(program: Program) -> None:
    """A traceroute does not keep path MTU discovery from working."""
    program.configure(CONFIG, RESOLUTIONS)
    for source in ("10.1.0.1", "fd01::1"):
        _reasons(program, [_packet(source, True)] * 100)
        found = _reasons(program, [_packet(source, False)] * AT_ONCE)
        assert found["answered-too-big"] == AT_ONCE


def test_what_is_dropped_is_not_touched(program: Program) -> None:
    """The dropped ones come out as they went in."""
    program.configure(CONFIG, RESOLUTIONS)
    sent = expired.SINGLES[0].sent
    frames = [program.code_and_frame(sent) for _ in range(50)]
    assert set(frames) == {("tx", expired.SINGLES[0].expected), ("drop", sent)}
    program.reason_counts()


def _until(cases: list[Case], name: str) -> list[Case]:
    ids = [case.id for case in cases]
    return cases[: ids.index(name) + 1]


def _age(program: Program, seconds: int) -> None:
    """Let time go by for what is known of tunnels' MTUs."""
    lowered = program.maps["paths"].array["lowered"]
    known = lowered != 0
    assert known.any()
    lowered[known] -= (seconds * 1_000_000_000 >> 27) << 32


@pytest.mark.parametrize(
    ("cases", "exceeded"),
    [
        (tunnel_mtu.CONVERSATION, "tunnel-mtu-1000-exceeded"),
        (tunnel_mtu6.CONVERSATION, "tunnel-mtu-1400-exceeded6"),
    ],
    ids=["ipv4", "ipv6"],
)
def test_tunnel_mtu_is_forgotten(program: Program, cases: list[Case], exceeded: str) -> None:
    """After ten minutes the real server's way is tried again as it is."""
    program.configure(CONFIG, RESOLUTIONS)
    for case in _until(cases, exceeded):
        check(case.id, case.sent, case.outcome, program.run(case.sent))
    _age(program, 590)
    check(exceeded, case.sent, case.outcome, program.run(case.sent))
    _age(program, 15)
    assert program.run(case.sent).reason == "forwarded"


def test_tunnel_mtu_stays_with_the_configuration(program: Program) -> None:
    """A change that has nothing to do with the real server does not forget it."""
    program.configure(CONFIG, RESOLUTIONS)
    for case in _until(tunnel_mtu.CONVERSATION, "tunnel-mtu-of-1000"):
        program.run(case.sent)
    other = Resolution(mac_of("10.0.0.11").hex(":"), LINK, False)
    program.configure(CONFIG, RESOLUTIONS | {"10.0.0.11": other})
    exceeded = _until(tunnel_mtu.CONVERSATION, "tunnel-mtu-1000-exceeded")[-1]
    check(exceeded.id, exceeded.sent, exceeded.outcome, program.run(exceeded.sent))


def test_error_about_an_address_without_a_tunnel(program: Program) -> None:
    """Nothing is sent there from ::, whatever an error to :: says."""
    program.configure(CONFIG, RESOLUTIONS)
    nobody, real = IPv6Address("::"), IPv6Address("fd00::31")
    assert program.applier.paths.content[real].own_address is None
    quoted = ipv6(nobody, real, 41, bytes(2000))
    told = icmpv6(IPv6Address("fd01::1"), nobody, 2, 0, (1300).to_bytes(4, "big") + quoted[:48])
    sent = frame(ipv6(IPv6Address("fd01::1"), nobody, 58, told), 0x86DD)
    assert program.run(sent).reason == "pass"
    assert not program.maps["paths"].array["lowered"].any()


def test_error_about_a_flow_of_a_removed_real(program: Program, v: Family) -> None:
    """Nobody has the connection any more."""
    program.configure(config(A))
    forwarded(program, v.tcp(2), v.to_11, head=v.head)
    generator = Generator(1, [v.vip], [80])
    flow = ip_address(v.client), ip_address(v.vip), 1000, 80, 6
    packets = [generator.error_about(flow)[1] for _ in range(10)]
    reasons = {program.run(v.head + packet).reason for packet in packets}
    assert "forwarded" in reasons
    good = next(p for p in packets if program.run(v.head + p).reason == "forwarded")
    program.configure(config('address = ["10.0.0.12", "fd00::12"]'))
    refused(program, good, "icmp-error", head=v.head)
