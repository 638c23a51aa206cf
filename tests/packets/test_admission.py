# SPDX-License-Identifier: Apache-2.0
"""Which new flows a service takes: allow and deny lists, rates, one_packet."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from tests.packets.harness import Program
from tests.packets.steps import (
    ACK,
    PSH_ACK,
    SYN,
    V4,
    V6,
    A,
    B,
    Family,
    config,
    go,
    opened,
    states,
    stop,
)

DENY_ALL_BUT = """
deny = ["0.0.0.0/0", "::/0"]
allow = ["10.1.0.0/24", "fd01::/112"]
"""
NESTED = """
deny = ["10.1.0.0/16", "10.1.2.3", "fd01::/32", "fd01::2:3"]
allow = ["10.1.2.0/24", "10.0.0.0/8", "fd01::2:0/112", "fd00::/8"]
"""
ALLOW = 'allow = ["10.1.0.0/31", "fd01::/127"]'
DENY = 'deny = ["10.1.0.0/31", "fd01::/127"]'


def client(v: Family, host: str) -> str:
    """10.1.HOST, or fd01:: with the same numbers: "2.3" is fd01::2:3."""
    return f"10.1.{host}" if v.version == 4 else f"fd01::{host.replace('.', ':')}"


@pytest.mark.parametrize(
    ("lists", "taken", "refused"),
    [
        (DENY_ALL_BUT, ["0.1", "0.255"], ["1.1", "255.255"]),
        (NESTED, ["2.2", "2.4", "2.255"], ["2.3", "1.1", "3.1"]),
        (ALLOW, ["0.0", "0.1"], ["0.2", "1.0"]),
        (DENY, ["0.2", "1.0"], ["0.0", "0.1"]),
    ],
    ids=["all-but", "nested", "allow", "deny"],
)
def test_longest_prefix_decides(
    program: Program, v: Family, lists: str, taken: list[str], refused: list[str]
) -> None:
    """Over both lists; on no list, the allow list decides. TCP and UDP."""
    text = config(A, keys=lists)
    head, _, dns = text.rpartition("group =")
    program.configure(f"{head}{lists}\ngroup ={dns}")
    for host in taken:
        name = client(v, host)
        go(program, v, v.to_11, v.tcp(SYN, client=name), v.udp(client=name))
    for host in refused:
        name = client(v, host)
        stop(program, v, "denied", v.tcp(SYN, client=name), v.udp(client=name))
        stop(program, v, "no-flow", v.tcp(ACK, client=name))


def test_shorter_and_longer_prefixes_of_ipv4(program: Program) -> None:
    """One list of every length around 10.1.0.1."""
    names = ["10.1.0.1", "10.1.0.0", "10.1.0.3", "10.1.0.7", "10.1.1.0", "11.0.0.1", "192.0.0.1"]
    lists = 'deny = ["0.0.0.0/1", "10.1.0.0/29", "10.1.0.0/31"]\n'
    lists += 'allow = ["128.0.0.0/1", "10.0.0.0/8", "10.1.0.0/30", "10.1.0.1/32"]'
    program.configure(config(A, keys=lists))
    expected = [True, False, True, False, True, False, True]
    for name, taken in zip(names, expected, strict=True):
        sent = V4.tcp(SYN, client=name)
        if taken:
            go(program, V4, V4.to_11, sent)
        else:
            stop(program, V4, "denied", sent)


def test_only_new_flows_are_asked(program: Program, v: Family) -> None:
    """Open and pending flows go on, also to their end; then the source is refused."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v))
    go(program, v, v.to_12, v.tcp(SYN, sport=1001))
    program.configure(config(A, B, keys=DENY))
    go(program, v, v.to_11, v.tcp(PSH_ACK, b"GET /"), v.tcp(SYN))
    go(program, v, v.to_12, *opened(v, 1001), v.tcp(PSH_ACK, b"GET /", sport=1001))
    stop(program, v, "denied", v.tcp(SYN, sport=1002))
    program.expire_flows()
    stop(program, v, "denied", v.tcp(SYN))


def test_flows_that_move_are_not_new(program: Program, v: Family) -> None:
    program.configure(config(A))
    go(program, v, v.to_11, *opened(v))
    program.configure(config(B, keys=DENY))
    go(program, v, v.to_12, v.tcp(ACK))


def test_changed_list_takes_effect_at_once(program: Program, v: Family) -> None:
    port = 1000
    for keys, taken in [
        ("", True),
        (DENY, False),
        (ALLOW, True),
        (DENY_ALL_BUT, True),
        (DENY, False),
    ]:
        program.configure(config(A, keys=keys))
        sent = v.tcp(SYN, sport=port)
        if taken:
            go(program, v, v.to_11, sent)
        else:
            stop(program, v, "denied", sent)
        port += 1


def test_families_have_lists_of_their_own(program: Program) -> None:
    """With an allow list of one family, nobody of the other is on a list."""
    program.configure(config(A, keys='allow = "10.1.0.1"'))
    go(program, V4, V4.to_11, V4.tcp(SYN))
    stop(program, V6, "denied", V6.tcp(SYN))
    program.configure(config(A, keys='deny = "10.1.0.1"'))
    stop(program, V4, "denied", V4.tcp(SYN, sport=1001))
    go(program, V6, V6.to_11, V6.tcp(SYN))


def test_scheduled_segments_are_asked(program: Program, v: Family) -> None:
    program.configure(config(A, keys=DENY + '\non_unknown = "schedule"'))
    stop(program, v, "denied", v.tcp(ACK))
    go(program, v, v.to_11, v.tcp(ACK, client=client(v, "0.2")))


def burst(program: Program, v: Family, packets: Iterable[bytes], reason: str, size: int) -> None:
    """``size`` of the flows are taken, then none: one more for each second that the test takes."""
    started, taken = time.monotonic(), 0
    found: dict[str, int] = {}
    for sent in packets:
        outcome = program.run(v.head + sent)
        found[outcome.reason] = found.get(outcome.reason, 0) + 1
        taken += outcome.reason == "forwarded"
    assert found.keys() == {"forwarded", reason}
    assert size <= taken <= size + time.monotonic() - started


@pytest.mark.parametrize("size", [1, 5])
def test_rate_of_a_service(program: Program, v: Family, size: int) -> None:
    """A burst of new flows, of whatever source, then one per second."""
    keys = f"new_flow_rate = 1\nnew_flow_burst = {size}"
    program.configure(config(A, keys=keys))
    many = [v.tcp(SYN, sport=1000 + n, client=client(v, f"0.{n % 3 + 1}")) for n in range(12)]
    burst(program, v, many, "service-rate", size)
    assert len(states(program)[v.pending]) < 12  # nothing is recorded of the others
    program.pass_time(2)
    burst(program, v, (v.tcp(SYN, sport=1100 + n) for n in range(8)), "service-rate", min(2, size))


@pytest.mark.parametrize("size", [1, 5])
def test_rate_of_a_source(program: Program, v: Family, size: int) -> None:
    """Each source has its own."""
    keys = f"source_flow_rate = 1\nsource_flow_burst = {size}"
    program.configure(config(A, keys=keys))
    for host in ("0.1", "0.2") if v.version == 4 else ("0.1", "0:0:1:1:0:0:1"):
        name = client(v, host) if v.version == 4 or host == "0.1" else "fd01:0:0:1::1"
        many = [v.tcp(SYN, sport=1000 + n, client=name) for n in range(12)]
        burst(program, v, many, "source-rate", size)


def test_one_network_of_ipv6_is_one_source(program: Program) -> None:
    program.configure(config(A, keys="source_flow_rate = 1\nsource_flow_burst = 4"))
    same = [V6.tcp(SYN, client=f"fd01::{n:x}:1") for n in range(1, 10)]
    burst(program, V6, same, "source-rate", 4)
    go(program, V6, V6.to_11, *(V6.tcp(SYN, client=f"fd01:0:0:{n}::1") for n in range(1, 10)))


def test_only_new_flows_use_up_a_rate(program: Program, v: Family) -> None:
    program.configure(config(A, keys="new_flow_rate = 1\nsource_flow_rate = 1"))
    go(program, v, v.to_11, *([v.tcp(SYN)] * 3), *([v.tcp(ACK)] * 3), v.tcp(PSH_ACK, b"GET /"))
    program.pass_time(1)
    go(program, v, v.to_11, v.tcp(ACK), v.tcp(SYN, sport=1001), v.tcp(SYN, sport=1001))


def test_refused_sources_use_up_nothing_of_the_service(program: Program, v: Family) -> None:
    """Nor do denied ones."""
    keys = "new_flow_rate = 1\nnew_flow_burst = 3\nsource_flow_rate = 1\n"
    keys += f'deny = ["{client(v, "0.9")}"]'
    program.configure(config(A, keys=keys))
    go(program, v, v.to_11, v.tcp(SYN))
    stop(program, v, "denied", *(v.tcp(SYN, sport=n, client=client(v, "0.9")) for n in range(9)))
    for sport in range(1001, 1010):
        program.run(v.head + v.tcp(SYN, sport=sport))
    other = "10.1.0.2" if v.version == 4 else "fd01:0:0:2::1"
    third = "10.1.0.3" if v.version == 4 else "fd01:0:0:3::1"
    go(program, v, v.to_11, v.tcp(SYN, client=other), v.tcp(SYN, client=third))


def test_services_have_rates_of_their_own(program: Program, v: Family) -> None:
    program.configure(config(A, keys="new_flow_rate = 1\nsource_flow_rate = 1"))
    go(program, v, v.to_11, v.tcp(SYN), *(v.udp(sport=n) for n in range(1000, 1010)))


def test_flows_below_the_rate(program: Program, v: Family) -> None:
    """One every second, for as long as one likes."""
    program.configure(config(A, keys="new_flow_rate = 1"))
    for sport in range(1000, 1010):
        go(program, v, v.to_11, v.tcp(SYN, sport=sport))
        program.pass_time(1)


def test_changed_rate(program: Program, v: Family) -> None:
    """A new rate begins with its whole burst; without one everything is taken."""
    program.configure(config(A, keys="new_flow_rate = 1"))
    burst(program, v, (v.tcp(SYN, sport=n) for n in range(1000, 1005)), "service-rate", 1)
    program.configure(config(A, keys="new_flow_rate = 1\nnew_flow_burst = 3"))
    burst(program, v, (v.tcp(SYN, sport=n) for n in range(1010, 1020)), "service-rate", 3)
    program.configure(config(A))
    go(program, v, v.to_11, *(v.tcp(SYN, sport=n) for n in range(1020, 1030)))


def test_udp_has_rates(program: Program, v: Family) -> None:
    head, _, dns = config(A).rpartition("group =")
    program.configure(f"{head}new_flow_rate = 1\nnew_flow_burst = 2\ngroup ={dns}")
    burst(program, v, (v.udp(sport=n) for n in range(1000, 1010)), "service-rate", 2)
    go(program, v, v.to_11, v.udp(), v.udp())


def test_order_of_the_questions(program: Program, v: Family) -> None:
    """Each is asked when the ones before it let the flow pass."""
    full = A + "\nmax_open = 1"
    keys = "source_flow_rate = 1\nnew_flow_rate = 1\n" + DENY_ALL_BUT
    other = "10.1.0.2" if v.version == 4 else "fd01::2"
    far = "10.1.1.1" if v.version == 4 else "fd01::1:1"
    program.configure(config(full, keys=keys))
    go(program, v, v.to_11, *opened(v))
    stop(program, v, "denied", v.tcp(SYN, client=far))
    stop(program, v, "source-rate", v.tcp(SYN, sport=1001))
    if v.version == 4:
        stop(program, v, "service-rate", v.tcp(SYN, client=other))
    program.pass_time(1)
    stop(program, v, "reals-full", v.tcp(SYN, sport=1002))
    program.configure(config(full + "\nweight = 0", keys=keys))
    program.pass_time(1)
    stop(program, v, "no-real", v.tcp(SYN, sport=1003))
    stop(program, v, "no-service", v.tcp(SYN, dport=81, client=far))


ONE_PACKET = """
[[service]]
name = "log"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "udp"
port = 514
mode = "l2dsr"
group = "all"
one_packet = true
"""


def test_one_packet(program: Program, v: Family) -> None:
    """Nothing is recorded, each packet takes a turn and is a new flow."""
    program.configure(config(A, B, more=ONE_PACKET))
    for to in (v.to_11, v.to_12, v.to_11, v.to_12, v.to_11):
        go(program, v, to, v.udp(dport=514))
    assert states(program) == {}
    flows = {
        str(name.address): program.traffic(name)[2]
        for name in program.applier.installed.reals
        if name.service.name == "log" and name.service.family == v.version
    }
    assert flows == {v.real(11): 3, v.real(12): 2}


def test_one_packet_is_asked_each_time(program: Program, v: Family) -> None:
    program.configure(config(A, more=ONE_PACKET))
    go(program, v, v.to_11, v.udp(dport=514))
    program.configure(config(A, more=ONE_PACKET + DENY))
    stop(program, v, "denied", v.udp(dport=514))
    program.configure(config(A, more=ONE_PACKET + "new_flow_rate = 1\nnew_flow_burst = 3"))
    burst(program, v, [v.udp(dport=514)] * 9, "service-rate", 3)


def test_flows_of_before_one_packet(program: Program, v: Family) -> None:
    """A flow that is recorded is followed; nothing new is."""
    other = ONE_PACKET.replace("one_packet = true", "")
    program.configure(config(A, B, more=other))
    go(program, v, v.to_11, v.udp(dport=514), v.udp(dport=514))
    program.configure(config(A, B, more=ONE_PACKET))
    go(program, v, v.to_11, v.udp(dport=514))
    for to in (v.to_12, v.to_11, v.to_12):
        go(program, v, to, v.udp(dport=514, sport=1001))
