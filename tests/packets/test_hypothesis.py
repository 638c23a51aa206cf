# SPDX-License-Identifier: Apache-2.0
"""Program against model on what hypothesis comes up with: it shrinks a disagreement to the fewest
frames and the plainest fields, and keeps it in .hypothesis for the next run."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import scale
from tests.packets import fuzz
from tests.packets.conversations import conversation
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.mixture import PORTS, TUNNELS, VIPS, build, configure
from tests.packets.model import Model
from tests.packets.model.pairs import PAIRED
from tests.packets.standings import STANDINGS, Standings
from tests.packets.traffic import Generator
from tests.packets.twoway import Sent, Talk, TwoWay

KINDS = ("valid", "valid", "mutated", "truncated", "nonsense")
RANDOM = st.randoms(use_true_random=False)
ALWAYS = 40
"""Examples that are the same in every run: what has to be met is met in these, not by chance."""


def _settings(count: str) -> settings:
    return settings(
        max_examples=scale.count(count), deadline=None, suppress_health_check=list(HealthCheck)
    )


def _generator(source: random.Random) -> Generator:
    return Generator(source, vips=VIPS, ports=PORTS, tunnels=TUNNELS)


def _run(
    program: Program,
    count: str,
    agree: Callable[[], None],
    frames: list[int],
    always: Callable[[], None] = lambda: None,
) -> None:
    """``frames``: the sizes of those sent; ``always``: what comes behind what hypothesis draws."""
    configure(program)
    started = time.monotonic()
    try:
        agree()
        scale.record(count, len(frames), len(frames), 0, time.monotonic() - started)
        assert len(frames) > scale.count(count), "hypothesis drew next to nothing"
        always()
    finally:
        program.reset()


def _compare(program: Program, model: Model, frame: bytes, number: int) -> None:
    check(f"hypothesis-{number}", frame, model.process(frame), program.run(frame))


@pytest.mark.soak
def test_any_frames(loaded: Program) -> None:
    """Up to twelve frames of any kind, from a state without flows."""
    frames: list[int] = []

    @_settings("packets_examples")
    @given(RANDOM, st.lists(st.sampled_from(KINDS), max_size=12))
    def agree(source: random.Random, kinds: list[str]) -> None:
        loaded.rewind()
        model, _ = build()
        generator = _generator(source)
        for number, kind in enumerate(kinds):
            sent = getattr(generator, kind)()
            _compare(loaded, model, sent, number)
            frames.append(len(sent))

    _run(loaded, "packets_examples", agree, frames)


@pytest.mark.soak
def test_conversations(loaded: Program) -> None:
    """Up to four conversations with services of any method, and which of them goes on next."""
    frames: list[int] = []
    forwarded: Counter[tuple[str, int, str]] = Counter()

    def converse(source: random.Random, turns: list[int]) -> None:
        loaded.rewind()
        model, _ = build()
        generator = _generator(source)
        talks = [conversation(generator) for _ in range(max(turns) + 1)]
        for number, turn in enumerate(turns):
            if talks[turn]:
                sent = talks[turn].pop(0)
                _compare(loaded, model, sent, number)
                frames.append(len(sent))
        forwarded.update(model.deliverer.forwarded)

    @_settings("packets_example_conversations")
    @given(RANDOM, st.lists(st.integers(0, 3), min_size=1, max_size=40))
    def agree(source: random.Random, turns: list[int]) -> None:
        converse(source, turns)

    def always() -> None:
        for seed in range(ALWAYS):
            converse(random.Random(seed), [0, 1, 2, 3] * 10)

    _run(loaded, "packets_example_conversations", agree, frames, always)
    assert {method for method, _, _ in forwarded} >= {"l2dsr", "dscp", "ipip", "gue"}
    assert {kind for _, _, kind in forwarded} >= {"whole", "first", "later", "error"}


FLAGS = {"SYN": 0x02, "SYN-ACK": 0x12, "ACK": 0x10, "data": 0x18, "FIN": 0x11, "RST": 0x04}
TALK = ["request SYN", "reply SYN-ACK", "request ACK", "reply data", "error", "request data"]
STEPS = [f"{who} {flags}" for who in ("request", "reply") for flags in FLAGS] + ["error", "others"]
STEPS += [f"stand {standing}" for standing in sorted({*STANDINGS})]


def _frames(make: TwoWay, model: Model, talk: Talk, step: str) -> list[Sent]:
    """A step of a conversation; a real server says nothing before the client has."""
    flow = model.forward.pair_of(talk.key)
    who, _, flags = step.partition(" ")
    if who == "others":
        return make.others()
    if who == "request" or flow is None:
        return make.mixed(make.request(talk, FLAGS.get(flags, 0x02)))
    return make.mixed(make.told(flow) if who == "error" else make.reply(flow, FLAGS[flags]))


@pytest.mark.soak
def test_two_way_conversations(loaded: Program) -> None:
    """Clients of services whose replies come back, and their real servers, which may be found down,
    or not answer; others in between."""
    frames: list[int] = []
    forwarded: Counter[tuple[str, int, str]] = Counter()

    def step_by_step(
        model: Model, standings: Standings, seed: int, steps: list[tuple[int, str]]
    ) -> None:
        make = fuzz.generator(random.Random(seed))
        talks = [make.talk() for _ in range(3)]
        for number, (who, step) in enumerate(steps):
            if step.startswith("stand"):
                flow = model.forward.pair_of(talks[who].key)
                if flow is not None:
                    standings.set(f"{flow.real.name} {step.split()[1]}")
                continue
            for link, sent in _frames(make, model, talks[who], step):
                expected = model.process(sent, link)
                check(f"hypothesis-{number}", sent, expected, loaded.run(sent, link))
                frames.append(len(sent))

    def converse(seed: int, steps: list[tuple[int, str]]) -> None:
        loaded.rewind()
        model, reals = build()
        standings = Standings(loaded, model, reals)
        try:
            step_by_step(model, standings, seed, steps)
        finally:
            if standings.changed:
                configure(loaded)
        forwarded.update(model.deliverer.forwarded)

    @_settings("packets_example_two_way")
    @given(
        st.integers(0, 1 << 32),
        st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STEPS)), min_size=1, max_size=80),
    )
    def agree(seed: int, steps: list[tuple[int, str]]) -> None:
        converse(seed, steps)

    def always() -> None:
        for seed in range(ALWAYS):
            converse(seed, [(who, step) for step in TALK * 4 for who in range(3)])

    _run(loaded, "packets_example_two_way", agree, frames, always)
    assert {method for method, _, _ in forwarded} >= set(PAIRED)
    assert {kind for _, _, kind in forwarded} >= {"whole", "error", "reply whole", "reply error"}
