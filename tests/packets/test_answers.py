# SPDX-License-Identifier: Apache-2.0
"""Answers: with `announce` off, for VIPs that come and go, and every carry of the checksums."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.packets.cases import CONFIG, RESOLUTIONS, Case
from tests.packets.cases.answers import arp, echo, echo6, nd, nd_passed
from tests.packets.cases.l2dsr import ipv4
from tests.packets.checksums import total, wrong_checksums
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.model import Outcome

SILENT = CONFIG.replace("[balancer]", "[balancer]\nannounce = false", 1)
VIP6 = "20010db8000000000000000000000010"
OTHER_VIPS = CONFIG.replace("192.0.2.10", "192.0.2.20").replace("::10", "::20")


def by_id(cases: list[Case], name: str) -> Case:
    """The case of that id."""
    return next(case for case in cases if case.id == name)


@pytest.mark.parametrize("case", [*arp.ANSWERED, *nd.ANSWERED], ids=lambda case: case.id)
def test_announce_off(program: Program, case: Case) -> None:
    """Questions pass, as another's; but nothing that is addressed to the VIP itself does."""
    program.configure(SILENT, RESOLUTIONS)
    to_vip = case.sent[12:14] == b"\x86\xdd" and case.sent[38:54].hex() == VIP6
    expected = ("drop", "no-service") if to_vip else ("pass", "pass")
    check(case.id, case.sent, Outcome(*expected, case.sent), program.run(case.sent))


@pytest.mark.parametrize(
    "case",
    [
        by_id(arp.PASSED, "arp-gratuitous-request-claims-vip"),
        by_id(nd_passed.PASSED, "nd-advertisement-claims-vip"),
        by_id(echo.ANSWERED, "echo-even"),
        by_id(echo6.ANSWERED, "echo6-odd"),
        by_id(ipv4.SINGLES, "ipv4-udp"),
    ],
    ids=lambda case: case.id,
)
def test_announce_off_changes_nothing_else(program: Program, case: Case) -> None:
    program.configure(SILENT, RESOLUTIONS)
    expected = Outcome(case.verdict, case.reason, case.expected)
    check(case.id, case.sent, expected, program.run(case.sent))


def test_vips_come_and_go(program: Program) -> None:
    cases = (arp.ANSWERED[0], nd.ANSWERED[0], nd.ANSWERED[1], echo.ANSWERED[0], echo6.ANSWERED[0])
    for text, present in ((OTHER_VIPS, False), (CONFIG, True), (OTHER_VIPS, False)):
        program.configure(text, RESOLUTIONS)
        for case in cases:
            answer = Outcome(case.verdict, case.reason, case.expected)
            expected = answer if present else Outcome("pass", "pass", case.sent)
            check(case.id, case.sent, expected, program.run(case.sent))


def _checksum(data: bytes) -> int:
    return 0xFFFF - total(data)


def _answered(program: Program, sent: bytes, expected: bytes) -> None:
    """Without a look at the counters, which would take longer than the run."""
    verdict, frame = program.code_and_frame(sent)
    if (verdict, frame) != ("tx", expected):
        check("carry", sent, Outcome("tx", "", expected), Outcome(verdict, "", frame))


@pytest.fixture
def fast(program: Program) -> Iterator[Program]:
    """The program with CONFIG; run() counts again after the test."""
    program.configure(CONFIG, RESOLUTIONS)
    yield program
    program.reason_counts()


@pytest.mark.parametrize("ttl", [1, 64, 255])
def test_every_carry_of_the_echo_reply(fast: Program, ttl: int) -> None:
    """Each of the 65,536 identifiers (of IP and of ICMP): reply checksums against a full sum."""
    to = bytes.fromhex("0200000000aa 020000000001 0800")
    back = bytes.fromhex("020000000001 0200000000aa 0800")
    ask = bytes.fromhex("0a010001 c000020a")
    answer = bytes.fromhex("c000020a 0a010001")
    before = fast.reason_counts()["answered-echo"]
    for number in range(65536):
        word = number.to_bytes(2, "big")
        head = b"\x45\0\0\x1c" + word + b"\x40\0"
        sum_in = _checksum(head + bytes((ttl, 1)) + ask)
        sum_out = _checksum(head + b"\x40\x01" + answer)
        icmp_in = _checksum(b"\x08\0" + word + b"\0\0")
        icmp_out = _checksum(word + b"\0\0") or 0xFFFF  # a computed zero is sent as its twin
        sent = to + head + struct.pack(">BBH", ttl, 1, sum_in) + ask
        sent += struct.pack(">BBH", 8, 0, icmp_in) + word + b"\0\0"
        expected = back + head + struct.pack(">BBH", 64, 1, sum_out) + answer
        expected += struct.pack(">BBH", 0, 0, icmp_out) + word + b"\0\0"
        _answered(fast, sent, expected)
    assert fast.reason_counts()["answered-echo"] - before == 65536


def test_every_carry_of_the_echo_reply_ipv6(fast: Program) -> None:
    ask = bytes.fromhex("fd010000000000000000000000000001" + VIP6)
    answer = ask[16:] + ask[:16]
    head = bytes.fromhex("60000000 0008 3a 40")
    to = bytes.fromhex("0200000000aa 020000000001 86dd") + head + ask
    back = bytes.fromhex("020000000001 0200000000aa 86dd") + head + answer
    pseudo = bytes.fromhex("00000008 0000003a")
    before = fast.reason_counts()["answered-echo"]
    for number in range(65536):
        rest = number.to_bytes(2, "big") + b"\0\0"
        sum_in = _checksum(ask + pseudo + b"\x80\0\0\0" + rest)
        sum_out = _checksum(answer + pseudo + b"\x81\0\0\0" + rest) or 0xFFFF
        sent = to + struct.pack(">BBH", 128, 0, sum_in) + rest
        expected = back + struct.pack(">BBH", 129, 0, sum_out) + rest
        _answered(fast, sent, expected)
    assert fast.reason_counts()["answered-echo"] - before == 65536


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_checksum_of_an_echo_that_is_minus_zero(fast: Program, ipv6: bool) -> None:
    """The last of the 65,536 checksums: 0xffff, which nobody computes, and which is right, too."""
    ask, answer = (bytes.fromhex(text) for text in ("0a010001c000020a", "c000020a0a010001"))
    kinds, name = (8, 0), "0800"
    head = bytes.fromhex("4500 001c 0007 4000 40 01 6ece")
    covered = b""
    if ipv6:
        ask = bytes.fromhex("fd010000000000000000000000000001" + VIP6)
        answer = ask[16:] + ask[:16]
        kinds, name = (128, 129), "86dd"
        head = bytes.fromhex("60000000 0008 3a 40")
        covered = ask + bytes.fromhex("00000008 0000003a")
    request = bytes((kinds[0], 0))
    word = _checksum(covered + request).to_bytes(2, "big")
    reply = bytes((kinds[1], 0))
    right = _checksum(covered + reply + word).to_bytes(2, "big")
    sent = bytes.fromhex("0200000000aa 020000000001" + name) + head + ask
    back = bytes.fromhex("020000000001 0200000000aa" + name) + head + answer
    for minus_zero in (b"\xff\xff", b"\0\0"):
        assert total(covered + request + minus_zero + word) == 0xFFFF
        message = request + minus_zero + word + b"\0\0"
        _answered(fast, sent + message, back + reply + right + word + b"\0\0")


def test_every_carry_of_an_advertisement(fast: Program) -> None:
    """The answer's checksum is computed anew: askers fd01::0 to fd01::ffff."""
    vip = bytes.fromhex(VIP6)
    to = bytes.fromhex("0200000000aa 020000000001 86dd 60000000 0018 3a ff")
    for number in range(0, 65536, 7):
        asker = bytes.fromhex("fd01" + "00" * 12) + number.to_bytes(2, "big")
        message = b"\x87\0\0\0\0\0\0\0" + vip
        sum_in = _checksum(asker + vip + bytes.fromhex("00000018 0000003a") + message)
        sent = to + asker + vip + message[:2] + sum_in.to_bytes(2, "big") + message[4:]
        verdict, frame = fast.code_and_frame(sent)
        assert verdict == "tx", number
        assert not wrong_checksums(frame), number
        assert frame[38:54] == asker


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_every_carry_of_a_reset(fast: Program, ipv6: bool) -> None:
    """Acknowledgement numbers of every kind: each is the answer's sequence number."""
    to = bytes.fromhex("0200000000aa 020000000001" + ("86dd" if ipv6 else "0800"))
    ip = bytes.fromhex("4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a")
    if ipv6:
        ip = bytes.fromhex("60000000 0014 06 40 fd01") + bytes(13) + b"\1" + bytes.fromhex(VIP6)
    before = fast.reason_counts()["answered-reset"]
    for number in range(0, 65536, 7):
        word = struct.pack(">HH", number, 65535 - number * 3 % 65536)
        tcp = bytes.fromhex("03e8 0054 00000002") + word + bytes.fromhex("5010 0400 0000 0000")
        verdict, frame = fast.code_and_frame(to + ip + tcp)
        assert verdict == "tx", number
        assert not wrong_checksums(frame), number
        assert frame[-20:-4] == bytes.fromhex("0054 03e8") + word + bytes.fromhex(
            "00000000 5004 0000"
        )
    assert fast.reason_counts()["answered-reset"] - before == len(range(0, 65536, 7))
