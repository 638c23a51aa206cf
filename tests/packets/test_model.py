# SPDX-License-Identifier: Apache-2.0
"""Program against model, frame by frame: action, reason, bytes, and the counters at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address
from itertools import product

import pytest

from tests import scale
from tests.packets.conversations import conversation
from tests.packets.evidence import check
from tests.packets.generate import frame, ipv4, tcp
from tests.packets.harness import Program
from tests.packets.mixture import PORTS, TEXT, TUNNELS, VIPS, build, configure
from tests.packets.model import Model, Outcome, Real
from tests.packets.model.methods import METHODS
from tests.packets.standings import Standings
from tests.packets.traffic import Generator


def compare_counters(program: Program, by_name: dict[tuple[str, str], Real]) -> None:
    """Per real server: packets, bytes and new flows; what came back."""
    for identity in program.applier.installed.reals:
        real = by_name[identity.service.name, str(identity.address)]
        assert program.traffic(identity) == (real.packets, real.bytes, real.new), identity
        assert program.reply_traffic(identity) == (real.reply_packets, real.reply_bytes), identity


def compare_loads(program: Program, by_name: dict[tuple[str, str], Real], tables: bool) -> None:
    """Per real server: open and pending flows; with ``tables`` also against all entries."""
    installed = program.applier.installed.reals
    reals = [by_name[identity.service.name, str(identity.address)] for identity in installed]
    loads = program.maps["loads"].array[[entry.index for entry in installed.values()]]
    expected = [(real.open, real.pending) for real in reals]
    counted = list(zip(loads["open"].tolist(), loads["pending"].tolist(), strict=True))
    if counted != expected:
        for identity, real in zip(installed, reals, strict=True):
            assert program.load(identity) == (real.open, real.pending), identity
    if tables:
        assert program.loads() == program.counted()


def pass_no_time(program: Program, number: int) -> None:
    """The model has no clock, and half a minute is soon over: every now and then fragments are
    kept from being forgotten."""
    if number % 1000 == 999:
        program.keep_fragments()


@pytest.mark.soak
def test_generated_packets(program: Program) -> None:
    configure(program)
    model, by_name = build()
    generator = Generator(seed=1, vips=VIPS, ports=PORTS, tunnels=TUNNELS)
    asked = scale.count("packets_generated")
    started = time.monotonic()
    seen: dict[str, int] = {}
    for number in range(asked):
        pass_no_time(program, number)
        sent = generator.any()
        expected = model.process(sent)
        check(f"generated-{number}", sent, expected, program.run(sent))
        seen[expected.reason] = seen.get(expected.reason, 0) + 1
    compare_counters(program, by_name)
    # test_cases.py has them
    unreached = {"unresolved", "no-real", "no-egress", "denied", "service-rate", "source-rate"}
    unreached |= {"reals-full", "flow-busy", "incomplete", "no-headroom"}
    # test_fuzz.py, and the cases of modes whose replies come back
    unreached |= {"forwarded-reply", "forwarded-outbound", "outbound-kernel", "pool-exhausted"}
    unreached |= {"tuple-taken", "hairpin", "last-hop", "bridge-same-side", "bridge-blocked"}
    unreached |= {"answered-down", "real-down", "no-real-passed"}  # test_down*.py, test_empty.py
    unreached |= {"probe-answer", "probe-returned", "silent"}  # test_probe*.py, test_silence.py
    assert set(program.reasons) - unreached <= set(seen), seen
    scale.record("packets_generated", asked, asked, 0, time.monotonic() - started)


def converse(
    program: Program,
    model: Model,
    generator: Generator,
    by_name: dict[tuple[str, str], Real],
    asked: int,
    between: Callable[[], None] | None = None,
) -> int:
    """Many conversations, twenty at a time with their frames interleaved; ``between`` is called
    before every 25th frame. What is counted of flows is right after each frame. Returns how many
    conversations there were."""
    running: list[list[bytes]] = []
    number = begun = 0
    while begun < asked or running:
        if begun < asked and len(running) < 20:  # twenty at a time, frames interleaved
            running.append(conversation(generator))
            begun += 1
            continue
        frames = generator.random.choice(running)
        if not frames:
            running.remove(frames)
            continue
        pass_no_time(program, number)
        sent = frames.pop(0)
        if between is not None and number % 25 == 0:
            between()
        check(f"conversation-{number}", sent, model.process(sent), program.run(sent))
        compare_loads(program, by_name, tables=number % 50 == 0)
        number += 1
    compare_loads(program, by_name, tables=True)
    return begun


@pytest.mark.soak
def test_conversations(program: Program) -> None:
    configure(program)
    model, by_name = build()
    generator = Generator(seed=2, vips=VIPS, ports=PORTS, tunnels=TUNNELS)
    asked = scale.count("packets_conversations")
    started = time.monotonic()
    begun = converse(program, model, generator, by_name, asked)
    compare_counters(program, by_name)
    kinds = product(METHODS, (4, 6), ("whole", "first", "later", "error"))
    assert set(kinds) <= set(model.deliverer.forwarded)
    scale.record("packets_conversations", asked, begun, 0, time.monotonic() - started)


@pytest.mark.soak
def test_conversations_while_reals_come_and_go(program: Program) -> None:
    configure(program)
    model, by_name = build()
    generator = Generator(seed=4, vips=VIPS, ports=PORTS, tunnels=TUNNELS)
    standings = Standings(program, model, by_name, seed=5)
    asked = scale.count("packets_absences")
    started = time.monotonic()
    begun = converse(program, model, generator, by_name, asked, standings.change)
    compare_counters(program, by_name)
    scale.record("packets_absences", asked, begun, 0, time.monotonic() - started)


def test_truncated_at_every_length(program: Program) -> None:
    """No length makes the program read beyond the frame or touch a flow table."""
    configure(program)
    model, _ = build()
    generator = Generator(seed=3, vips=VIPS, ports=PORTS, tunnels=TUNNELS)
    for _ in range(60):
        whole = generator.valid()
        for length in range(14, len(whole)):
            sent = whole[:length]
            expected = model.process(sent)
            looked_at = length % 8 == 0 and expected.reason != "forwarded"
            before = program.states() if looked_at else None
            check(f"truncated-{length}", sent, expected, program.run(sent))
            if looked_at:
                assert program.states() == before


def test_a_wrong_model_would_be_noticed(program: Program) -> None:
    """The comparison itself: a model with another MAC address disagrees at once."""
    program.configure(TEXT)
    sent = frame(ipv4(ip_address("10.1.0.1"), ip_address("192.0.2.10"), 6, tcp(1, 80, 2)), 0x0800)
    got = program.run(sent)
    with pytest.raises(AssertionError, match="expected tx"):
        check("self-test", sent, Outcome("tx", "forwarded", sent), got)
