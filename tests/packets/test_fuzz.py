# SPDX-License-Identifier: Apache-2.0
"""The engine of `make fuzz` for a number of packets, and what it does with a difference."""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path

import pytest

from tests import scale
from tests.packets import fuzz, mixture
from tests.packets.harness import Program
from tests.packets.model import Model, Real
from tests.packets.model.pairs import PAIRED

SEED = 1
KINDS = ("whole", "first", "later", "error")
REASONS = {
    *("forwarded", "forwarded-reply", "answered-time-exceeded", "answered-too-big", "no-flow"),
    *("fragment-early", "icmp-error", "hairpin", "last-hop", "tuple-taken", "bridge-same-side"),
    *("mtu-exceeded", "ttl-exceeded", "answered-reset", "malformed", "other-host", "no-service"),
}


@pytest.mark.soak
def test_all_modes_at_once(program: Program) -> None:
    engine, asked = fuzz.Engine(program), scale.count("packets_fuzz")
    began = time.monotonic()
    kept = fuzz.run(engine, SEED, lambda: engine.frames < asked)
    took = time.monotonic() - began
    assert kept is None, f"python -m tests.packets.fuzz --replay {kept}\n{kept.read_text()[:4000]}"
    print(f"{engine.frames} packets, {engine.frames / took:.0f} a second")
    scale.record("packets_fuzz", asked, engine.frames, 0, took)
    assert set(engine.reasons) >= REASONS
    both = [*KINDS, *(f"reply {kind}" for kind in KINDS)]
    assert set(product(PAIRED, (4, 6), both)) <= set(engine.kinds)


@pytest.mark.soak
def test_real_servers_come_and_go(program: Program) -> None:
    """With and without their MAC address; the others go on with what they can."""
    engine, asked = fuzz.Engine(program), scale.count("packets_fuzz_absences")
    began, number = time.monotonic(), 0
    while engine.frames < asked:
        engine.episode(fuzz.generator(f"absences-{number}"), changes=True)
        number += 1
    took = time.monotonic() - began
    scale.record("packets_fuzz_absences", asked, engine.frames, 0, took)
    expected = {"unresolved", "real-down", "answered-down", "no-real", "no-real-passed"}
    assert expected <= set(engine.reasons)


def _wrong() -> tuple[Model, dict[tuple[str, str], Real]]:
    """A model whose real servers of mode nat have another port."""
    model, reals = mixture.build()
    for (service, _), real in reals.items():
        if service == "nat-98-tcp" and real.port:
            real.port += 1
    return model, reals


def test_a_difference_is_kept_and_shown_again(program: Program, tmp_path: Path) -> None:
    """By a model that is wrong: the one frame that shows it is enough."""
    wrong = fuzz.Engine(program, _wrong)
    path = fuzz.run(wrong, SEED, lambda: wrong.frames < 100_000, tmp_path)
    assert path is not None
    kept = fuzz.Kept.read(path)
    assert len(kept.frames) == 1
    assert "expected" in kept.words
    assert fuzz.replay(wrong, path) == kept.words
    assert fuzz.replay(fuzz.Engine(program), path) == ""


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("5s", 5), ("10m", 600), ("1h", 3600)])
def test_times(text: str, seconds: int) -> None:
    assert fuzz.seconds(text) == seconds
