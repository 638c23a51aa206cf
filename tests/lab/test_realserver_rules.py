# SPDX-License-Identifier: Apache-2.0
"""The nftables rules of `dsrlb real-server`: codes that mean VIPs, segment sizes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lab import envelopes
from tests.lab.envelopes import Relay
from tests.lab.plain import Namespace
from tests.lab.realserver import (
    BOTH,
    OTHER4,
    OTHER6,
    PORT,
    REAL4,
    REAL6,
    VIP4,
    VIP6,
    segment_in,
    serving,
)
from tests.lab.realserver import Namespace as Host
from tests.waiting import wait_until

DSCP = ("--mode", "l3dsr", "--method", "dscp")
CODE = (*DSCP, "--dscp", "12", *BOTH)
OTHERS = ("--vip", OTHER4, "--vip", OTHER6)
TABLE = ("inet", "dsrlb")


@pytest.fixture
def segment(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """A client and a real server."""
    with segment_in(tmp_path) as both:
        yield both


@pytest.fixture
def real(segment: tuple[Host, Host]) -> Host:
    """The real server."""
    return segment[1]


def ruleset(real: Host) -> str:
    """All of nftables."""
    return real.run("nft", "list", "ruleset")


def test_the_rules_are_those_that_are_documented(real: Host) -> None:
    real.done("setup", *CODE)
    lines = [line.strip() for line in ruleset(real).splitlines()]
    protocols = "meta l4proto { icmp, tcp, udp }"
    assert lines[:-2] == [
        "table inet dsrlb {",
        "chain prerouting {",
        "type filter hook prerouting priority raw; policy accept;",
        f"ip daddr {REAL4} ip dscp af12 {protocols} ip daddr set {VIP4}",
        f"ip6 daddr {REAL6} ip6 dscp af12 meta l4proto {{ tcp, udp, ipv6-icmp }} "
        f"ip6 daddr set {VIP6}",
    ]


def test_setups_add_up_and_go_one_by_one(real: Host) -> None:
    before = real.settings()
    real.done("setup", *CODE)
    first = real.settings()
    others = (*DSCP, "--dscp", "13", *OTHERS)
    real.done("setup", *others)
    real.done("setup", *DSCP, "--dscp", "14", *BOTH)
    assert real.done("setup", *CODE) == ""
    for options in (CODE, others, (*DSCP, "--dscp", "14", *BOTH)):
        assert real.lacking(*options) == []
    real.done("undo", *OTHERS)
    assert OTHER4 not in real.settings()
    assert real.lacking(*CODE) == []
    real.done("setup", *others)
    real.done("undo", *BOTH)
    assert VIP4 not in ruleset(real)
    assert real.lacking(*others) == []
    real.done("setup", *CODE)
    real.done("undo", *DSCP, *OTHERS)
    assert real.settings() == first
    real.done("undo", *DSCP)
    assert real.settings() == before


def test_a_method_is_undone_without_the_other(real: Host) -> None:
    """The VIP stays as long as one of them has it."""
    real.done("setup", *BOTH, "--mss", "1300")
    l2dsr = real.settings()
    real.done("setup", *CODE)
    real.done("undo", "--mode", "l3dsr")
    assert real.settings() == l2dsr
    real.done("setup", *CODE)
    real.done("undo", "--mode", "l2dsr")
    assert real.lacking(*CODE) == []
    assert "maxseg" not in ruleset(real)
    real.done("undo")
    assert ruleset(real) == ""


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (
            ("flush", "ruleset"),
            [f"dscp 12 at {REAL4} means {VIP4}", f"dscp 12 at {REAL6} means {VIP6}"],
        ),
        (
            ("flush", "chain", *TABLE, "prerouting"),
            [f"dscp 12 at {REAL4} means {VIP4}", f"dscp 12 at {REAL6} means {VIP6}"],
        ),
    ],
    ids=["firewall reloaded", "rules gone"],
)
def test_check_names_what_is_missing(real: Host, spoil: tuple[str, ...], names: list[str]) -> None:
    real.done("setup", *CODE)
    real.run("nft", *spoil)
    assert real.lacking(*CODE) == names
    real.done("setup", *CODE)
    assert real.lacking(*CODE) == []


@pytest.mark.parametrize(
    "rule",
    [
        f"ip dscp 12 meta l4proto {{ tcp, udp, icmp }} ip daddr set {VIP4}",
        f"ip daddr {REAL4} ip dscp 12 meta l4proto {{ tcp, udp }} ip daddr set {VIP4}",
        f"ip daddr {REAL4} ip dscp != 12 meta l4proto {{ tcp, udp, icmp }} ip daddr set {VIP4}",
        f"ip daddr {REAL4} ip dscp 13 meta l4proto {{ tcp, udp, icmp }} ip daddr set {VIP4}",
        f"ip saddr {REAL4} ip dscp 12 meta l4proto {{ tcp, udp, icmp }} ip daddr set {VIP4}",
        f"ip daddr {REAL4} ip dscp 12 meta l4proto {{ tcp, udp, icmp }} ip saddr set {VIP4}",
        f"ip daddr {REAL4} ip dscp 12 meta l4proto {{ tcp, udp, icmp }} counter drop",
    ],
    ids=["any address", "no icmp", "not the code", "another code", "source", "saddr", "more"],
)
def test_an_incomplete_rule_does_not_count(real: Host, rule: str) -> None:
    real.done("setup", *CODE)
    real.run("nft", "flush", "chain", *TABLE, "prerouting")
    real.run("nft", "add", "rule", *TABLE, "prerouting", rule)
    assert f"dscp 12 at {REAL4} means {VIP4}" in real.lacking(*CODE)


def test_a_chain_that_is_not_ours_is_told(real: Host) -> None:
    """One that looks at nothing: the rules in it would do nothing."""
    real.run("nft", "add", "table", *TABLE)
    real.run("nft", "add", "chain", *TABLE, "prerouting")
    found = real.dsrlb("setup", *CODE)
    assert found.returncode == 1
    assert "chain prerouting of our table is not as setup makes it" in found.stderr
    real.run("nft", "delete", "table", *TABLE)
    real.done("setup", *CODE)


def test_a_code_means_one_vip(real: Host) -> None:
    real.done("setup", *CODE)
    before = real.settings()
    refused = real.dsrlb("setup", *DSCP, "--dscp", "12", *OTHERS)
    assert refused.returncode == 1
    assert f"dscp 12 at {REAL4} means {OTHER4}: it means {VIP4}" in refused.stderr
    assert real.settings() == before
    assert f"dscp 12 at {REAL4} means {OTHER4}" in real.lacking(*DSCP, "--dscp", "12", *OTHERS)
    both = real.dsrlb("setup", *DSCP, "--dscp", "20", "--vip", OTHER4, "--vip", VIP4)
    assert both.returncode == 1
    assert f"it means {OTHER4}" in both.stderr


def test_own_addresses_can_be_named(real: Host) -> None:
    real.run("ip", "address", "add", "10.77.0.22/24", "dev", "eth0")
    real.done("setup", *DSCP, "--dscp", "9", "--vip", VIP4, "--address", "10.77.0.22")
    assert f"ip daddr {REAL4} " not in ruleset(real)
    assert "ip daddr 10.77.0.22" in ruleset(real)
    for address, words in ((VIP4, "at once"), ("10.77.0.33", "no address of this host")):
        refused = real.dsrlb("setup", *DSCP, "--dscp", "9", "--vip", VIP4, "--address", address)
        assert refused.returncode != 0
        assert words in refused.stderr
    other = real.dsrlb("setup", *DSCP, "--dscp", "9", "--vip", VIP6, "--address", REAL4)
    assert other.returncode == 1
    assert "IPv6 address by --address" in other.stderr


def test_dry_run_can_be_pasted(real: Host) -> None:
    options = (*CODE, "--mss", "1400")
    shown = real.done("setup", *options, "--dry-run")
    assert ruleset(real) == ""
    for line in shown.splitlines():
        real.run("sh", "-c", line)
    assert real.lacking(*options) == []
    assert real.done("setup", *options) == ""


@pytest.mark.parametrize("verb", ["chain", "rule"])
def test_an_interrupted_setup_is_undone(real: Host, verb: str, tmp_path: Path) -> None:
    """nft fails at one of its steps."""
    before = real.settings()
    broken = tmp_path / "bin"
    broken.mkdir()
    script = broken / "nft"
    script.write_text(f'#!/bin/sh\n[ "$1 $2" = "add {verb}" ] && exit 1\nexec /usr/sbin/nft "$@"\n')
    script.chmod(0o755)
    failed = real.dsrlb("setup", *CODE, PATH=f"{broken}:{os.environ['PATH']}")
    assert failed.returncode == 1
    assert real.settings() != before
    real.done("undo")
    assert real.settings() == before


def test_what_others_have_put_into_our_table_is_left(real: Host) -> None:
    real.done("setup", *CODE)
    real.run("nft", "add", "rule", *TABLE, "prerouting", "ip ttl 1 counter")
    real.done("undo")
    left = ruleset(real)
    assert "ip ttl 1" in left
    assert "dscp" not in left


IPIP = ("--mode", "l3dsr", "--method", "ipip")
GUE = ("--mode", "l3dsr", "--method", "gue")
PLAIN = [1460, 1440]
SIZES = [
    (("--mode", "l2dsr"), bytes, PLAIN),
    (("--mode", "l2dsr", "--mss", "1200"), bytes, [1200, 1200]),
    (("--mode", "l2dsr", "--mss", "1450"), bytes, [1450, 1440]),
    ((*DSCP, "--dscp", "5"), envelopes.dscp(5), PLAIN),
    ((*DSCP, "--dscp", "5", "--mss", "1300"), envelopes.dscp(5), [1300, 1300]),
    (IPIP, envelopes.ipip(), [1440, 1400]),
    (GUE, envelopes.gue(6080), [1432, 1392]),
    ((*IPIP, "--address", REAL6), envelopes.ipip(outside=6), [1420, 1400]),
    ((*GUE, "--address", REAL4), envelopes.gue(6080, outside=4), [1432, 1412]),
    ((*IPIP, "--mss", "1000"), envelopes.ipip(), [1000, 1000]),
]


def _sizes(client: Host, real: Host, change: envelopes.Change) -> list[int]:
    """What the SYN-ACKs of both VIPs tell: Linux has the option first (kind 2, length 4)."""
    found = []
    with closing(Relay(client, real, change)) as relay:
        for vip, at in ((VIP4, 20), (VIP6, 40)):
            Namespace(client.name).call(socket.create_connection, (vip, PORT), 5).close()
            head = 16 if at == 20 else 24
            own = ip_address(vip).packed

            def syn_ack(own: bytes = own, at: int = at, head: int = head) -> bytes | None:
                for packet in list(relay.answers):
                    if packet[head - len(own) : head] == own and packet[at + 13] == 0x12:
                        return packet
                return None

            packet = wait_until(f"SYN-ACK of {vip}", syn_ack)
            assert packet is not None
            assert packet[at + 20 : at + 22] == b"\x02\x04"
            found.append(int.from_bytes(packet[at + 22 : at + 24], "big"))
    return found


@pytest.mark.parametrize(
    ("options", "change", "sizes"),
    SIZES,
    ids=lambda v: " ".join(v[1:]) if isinstance(v, tuple) else "",
)
def test_syn_acks_tell_the_size(
    segment: tuple[Host, Host],
    options: tuple[str, ...],
    change: envelopes.Change,
    sizes: list[int],
) -> None:
    client, real = segment
    real.done("setup", *options, *BOTH)
    with serving(real):
        assert _sizes(client, real, change) == sizes


def test_segments_are_as_large_as_asked_for(segment: tuple[Host, Host]) -> None:
    """The last setup counts; without a size a smaller one stays."""
    _, real = segment
    ipip = ("--mode", "l3dsr", "--method", "ipip", *BOTH)
    real.done("setup", *ipip, "--mss", "1300")
    assert real.lacking(*ipip) == []
    assert real.lacking(*ipip, "--mss", "1200") == [f"segments from {v}" for v in (VIP4, VIP6)]
    real.done("setup", *ipip, "--mss", "1200")
    assert real.lacking(*ipip, "--mss", "1200") == []
    assert "1300" not in ruleset(real)
    real.done("setup", *ipip, "--mss", "1460")
    assert real.lacking(*ipip) == [f"segments from {v}" for v in (VIP4, VIP6)]
    real.done("setup", *ipip)
    assert real.lacking(*ipip) == []
