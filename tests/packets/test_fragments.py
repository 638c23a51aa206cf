# SPDX-License-Identifier: Apache-2.0
"""Fragments while time goes by and real servers change; and what the fragments make together."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.cases import Case
from tests.packets.cases.fragments import ipv4 as fragments
from tests.packets.cases.fragments import ipv6 as fragments6
from tests.packets.cases.fragments import tcp as fragments_tcp
from tests.packets.checksums import total
from tests.packets.generate import frame, split, udp
from tests.packets.harness import Program
from tests.packets.steps import A, B, Family, config, forwarded, refused

TICKS_OF_28_S, TICKS_OF_31_S = 209, 232


def parts(v: Family, ident: int = 1, sport: int = 1000) -> list[bytes]:
    """A datagram to port 53 in three."""
    source, vip = ip_address(v.client), ip_address(v.vip)
    return split(source, vip, 17, udp(sport, 53, bytes(48)), ident, 24)


def test_memory(program: Program, v: Family) -> None:
    """Of half a minute; a first fragment that comes again begins it anew."""
    program.configure(config(A))
    first, middle, last = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    program.age_fragments(TICKS_OF_28_S)
    forwarded(program, middle, v.to_11, head=v.head)
    program.age_fragments(TICKS_OF_31_S - TICKS_OF_28_S)
    refused(program, last, "fragment-early", head=v.head)
    forwarded(program, first, v.to_11, head=v.head)
    program.age_fragments(TICKS_OF_28_S)
    forwarded(program, last, v.to_11, head=v.head)


def test_a_source_pushes_out_no_other(program: Program, v: Family) -> None:
    """However many packets it begins: it has a share of its own, and few share that."""
    program.configure(config(A))
    first, middle, last = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    source = ip_address("10.66.0.1" if v.version == 4 else "fd66::1")
    for ident in range(2_000):
        flood = split(source, ip_address(v.vip), 17, udp(1000, 53, bytes(48)), ident, 24)[0]
        program.code_and_frame(v.head + flood)
    assert program.reason_counts()["forwarded"] >= 2_001
    for packet in (middle, last):
        forwarded(program, packet, v.to_11, head=v.head)


def test_a_source_has_several_packets_under_way(program: Program, v: Family) -> None:
    program.configure(config(A))
    packets = [parts(v, ident) for ident in range(64)]
    for place in range(3):
        for packet in packets:
            forwarded(program, packet[place], v.to_11, head=v.head)


def test_removed_real(program: Program, v: Family) -> None:
    """What is left of a datagram is of no use to another."""
    program.configure(config(A, B))
    first, middle, _ = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    program.configure(config(B))
    refused(program, middle, "fragment-early", head=v.head)
    again = parts(v, ident=2)
    for packet in again:
        forwarded(program, packet, v.to_12, head=v.head)


def test_place_of_a_removed_real(program: Program, v: Family) -> None:
    """Its successor in the tables is not taken for it."""
    program.configure(config(A))
    first, middle, _ = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    program.configure(config(B))
    program.configure(config(A))
    refused(program, middle, "fragment-early", head=v.head)


def test_the_same_place_given_to_another(program: Program, v: Family) -> None:
    program.configure(config(A))
    first, middle, _ = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    program.maps["reals"].array["generation"] += 1
    refused(program, middle, "fragment-early", head=v.head)


def test_unresolved_real(program: Program, v: Family) -> None:
    program.configure(config(A))
    first, middle, last = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    program.configure(config(A), {v.real(11): Resolution(None, None, False)})
    refused(program, middle, "unresolved", head=v.head)
    program.configure(config(A))
    forwarded(program, last, v.to_11, head=v.head)


def test_one_packet(program: Program, v: Family) -> None:
    """Each datagram is scheduled, and none of them is torn apart."""
    one = """
[[service]]
name = "log"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "udp"
port = 514
mode = "l2dsr"
group = "all"
one_packet = true
"""
    program.configure(config(A, B, more=one))
    source, vip = ip_address(v.client), ip_address(v.vip)
    message = udp(1000, 514, bytes(48))
    for ident, to in ((1, v.to_11), (2, v.to_12), (3, v.to_11)):
        for packet in split(source, vip, 17, message, ident, 24):
            forwarded(program, packet, to, head=v.head)
    assert program.states() == {}


def test_two_datagrams_at_once(program: Program, v: Family) -> None:
    """Of two flows on two real servers, their fragments mixed."""
    program.configure(config(A, B))
    one, two = parts(v, ident=1), parts(v, ident=2, sport=1001)
    for left, right in zip(one, two, strict=True):
        forwarded(program, left, v.to_11, head=v.head)
        forwarded(program, right, v.to_12, head=v.head)


def test_later_fragments_make_no_flow(program: Program, v: Family) -> None:
    program.configure(config(A))
    first, middle, last = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    before = list(program.tables.entries())
    for packet in (middle, last):
        forwarded(program, packet, v.to_11, head=v.head)
    assert list(program.tables.entries()) == before
    forwarded(program, first, v.to_11, head=v.head)
    assert program.states() == {f"flows{v.version}": ["udp"]}


def _reassembled(frames: list[bytes]) -> bytes:
    """Pseudo header and message of the fragments of one packet."""
    pieces: dict[int, bytes] = {}
    ends = protocol = b""
    for ip in (sent[14:] for sent in frames):
        if ip[0] >> 4 == 4:
            at, ends, protocol = 20, ip[12:20], ip[9:10]
            pieces[(int.from_bytes(ip[6:8], "big") & 0x1FFF) * 8] = ip[at:]
        else:
            ends, protocol = ip[8:40], ip[40:41]
            pieces[int.from_bytes(ip[42:44], "big") & 0xFFF8] = ip[48:]
    message = b"".join(pieces[at] for at in sorted(pieces))
    return ends + len(message).to_bytes(4, "big") + bytes(3) + protocol + message


@pytest.mark.parametrize(
    "cases",
    [
        *(fragments.L2DSR, fragments.DSCP, fragments6.L2DSR6, fragments6.DSCP6),
        *(fragments_tcp.L2DSR, fragments_tcp.DSCP, fragments_tcp.L2DSR6, fragments_tcp.DSCP6),
    ],
    ids=lambda cases: cases[0].id,
)
def test_checksum_of_the_whole(cases: list[Case]) -> None:
    """The first fragment's checksum, which covers all of them, is right for the new address."""
    whole = [case for case in cases if case.reason == "forwarded"]
    assert total(_reassembled([case.sent for case in whole])) == 0xFFFF
    assert total(_reassembled([case.expected for case in whole])) == 0xFFFF


def test_tags_do_not_matter(program: Program, v: Family) -> None:
    """Tags are not part of what tells packets apart."""
    program.configure(config(A))
    first, middle, _ = parts(v)
    forwarded(program, first, v.to_11, head=v.head)
    kind = int.from_bytes(v.head[12:], "big")
    tagged = frame(middle, kind, tags=b"\x81\x00\x00\x64")
    got = program.run(tagged)
    assert (got.action, got.reason) == ("tx", "forwarded")
