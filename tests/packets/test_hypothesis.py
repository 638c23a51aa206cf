# SPDX-License-Identifier: Apache-2.0
"""Program against model on what hypothesis comes up with: it shrinks a disagreement to the fewest
frames and the plainest fields, and keeps it in .hypothesis for the next run."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import scale
from tests.packets.evidence import check
from tests.packets.generate import Generator
from tests.packets.harness import Program
from tests.packets.test_model import PORTS, TEXT, VIPS, build, resolutions

KINDS = ("valid", "valid", "mutated", "truncated", "nonsense")


@pytest.mark.soak
def test_any_frames(loaded: Program) -> None:
    """Up to twelve frames of any kind, from a state without flows."""
    loaded.configure(TEXT, resolutions())
    frames = 0

    @settings(
        max_examples=scale.count("packets_examples"),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.lists(st.sampled_from(KINDS), max_size=12))
    def agree(source: random.Random, kinds: list[str]) -> None:
        nonlocal frames
        loaded.rewind()
        model, _ = build()
        generator = Generator(source, vips=VIPS, ports=PORTS)
        for number, kind in enumerate(kinds):
            sent = getattr(generator, kind)()
            check(f"hypothesis-{number}", sent, model.process(sent), loaded.run(sent))
            frames += 1

    started = time.monotonic()
    try:
        agree()
    finally:
        loaded.reset()
    scale.record("packets_examples", frames, frames, 0, time.monotonic() - started)
    assert frames > scale.count("packets_examples"), "hypothesis drew next to nothing"
