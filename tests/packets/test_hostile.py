# SPDX-License-Identifier: Apache-2.0
"""Packets that are dropped, or left alone, change no table: whatever is wrong with them."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests import scale
from tests.packets.cases import CONFIG, CONVERSATIONS, RESOLUTIONS, SINGLES, Case
from tests.packets.cases.errors import plain as errors
from tests.packets.cases.fragments import late
from tests.packets.generate import frame, ipv4, ipv6
from tests.packets.harness import Program
from tests.packets.mixture import PORTS, TUNNELS, VIPS, configure
from tests.packets.snapshot import Snapshot, snapshot
from tests.packets.traffic import Generator

INNOCENT = ("drop", "pass")
TOLD = "tunnel-error"  # of a tunnel's MTU, which is remembered
CHOSEN = ("tuple-taken", "bridge-same-side")  # known when a real server had its turn


def unharmed(program: Program, sent: bytes, before: Snapshot) -> tuple[str, Snapshot]:
    """The reason for which a frame was not forwarded or answered, or "": then tables may change.
    Returns how they are now, too."""
    got = program.run(sent)
    after = snapshot(program)
    if got.action not in INNOCENT or got.reason == TOLD:
        return "", after
    if got.reason in CHOSEN:
        before = replace(before, cursors=after.cursors, responses=after.responses)
    if got.reason == "tuple-taken":  # entries were taken, and are empty again
        before = replace(before, flows=after.flows)
    assert after == before, f"{got.reason}: {sent.hex()}"
    return got.reason, after


@pytest.mark.soak
def test_generated(program: Program) -> None:
    """Valid, mutated, truncated and nonsense, while flows of every method are there."""
    configure(program)
    generator = Generator(seed=21, vips=VIPS, ports=PORTS, tunnels=TUNNELS)
    asked = scale.count("packets_hostile")
    started = time.monotonic()
    seen: Counter[str] = Counter()
    now = snapshot(program)
    for _ in range(asked):
        reason, now = unharmed(program, generator.any(), now)
        seen[reason] += 1
    wanted = {"malformed", "martian", "fragment", "fragment-early", "extension-depth", "bad-flags"}
    wanted |= {"icmp-error", "no-service", "no-flow", "ttl-exceeded", "mtu-exceeded"}
    assert wanted <= set(seen), seen
    scale.record("packets_hostile", asked, asked, 0, time.monotonic() - started)


def _flows(program: Program) -> None:
    """Flows, fragments and lowered MTUs of every kind."""
    program.configure(CONFIG, RESOLUTIONS)
    for steps in CONVERSATIONS:
        for case in steps:
            if case.verdict != "drop":
                program.run(case.sent)


WHOLE = ("dscp-all-options", "dscp6-six-headers", "4in6-options-df-clear", "gue-6in6-headers")
BASES = [
    *(case for case in SINGLES if case.id in WHOLE),
    *errors.DSCP[1:3],
    *late.CONVERSATION[:3:2],
]


@pytest.mark.parametrize("case", BASES, ids=lambda case: case.id)
def test_truncated_at_every_length(program: Program, case: Case) -> None:
    """Of whole packets, fragments and ICMP errors; IP lengths say what was sent."""
    _flows(program)
    now = snapshot(program)
    whole = case.sent
    reasons = set()
    for length in range(14, len(whole)):
        reason, now = unharmed(program, whole[:length], now)
        reasons.add(reason)
    assert "" not in reasons
    assert "malformed" in reasons


@pytest.mark.parametrize("case", BASES, ids=lambda case: case.id)
def test_every_byte_changed(program: Program, case: Case) -> None:
    """To 0, to 0xff, and by one bit: what is not forwarded leaves no trace."""
    _flows(program)
    now = snapshot(program)
    whole = case.sent
    pick = random.Random(whole)
    refused = 0
    for at in range(12, len(whole)):
        for value in (0, 0xFF, whole[at] ^ 1 << pick.randrange(8)):
            sent = whole[:at] + bytes([value]) + whole[at + 1 :]
            reason, now = unharmed(program, sent, now)
            refused += bool(reason)
    assert refused > 20


@pytest.mark.parametrize("depth", range(1, 9))
def test_nested(program: Program, depth: int) -> None:
    """IP in IP in IP ... to a VIP, all families mixed."""
    _flows(program)
    now = snapshot(program)
    inner = next(case for case in SINGLES if case.id == "dscp-tcp").sent[14:]
    pick = random.Random(depth)
    ends = {
        4: (ip_address("10.1.0.1"), ip_address("192.0.2.10")),
        6: (ip_address("fd01::1"), ip_address("2001:db8::10")),
    }
    for _ in range(20):
        packet = inner
        for _ in range(depth):
            number = 4 if packet[0] >> 4 == 4 else 41
            family = pick.choice((4, 6))
            wrap = ipv4 if family == 4 else ipv6
            packet = wrap(*ends[family], number, packet)
        kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
        reason, now = unharmed(program, frame(packet, kind), now)
        assert reason == "no-service"
