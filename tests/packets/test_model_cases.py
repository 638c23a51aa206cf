# SPDX-License-Identifier: Apache-2.0
"""Every packet case through the model: cases and model are written apart, and say the same."""

from __future__ import annotations

import pytest

from tests.packets.cases import CONVERSATIONS, RATES, SINGLES, Case, expired, sources
from tests.packets.model import Model, Outcome
from tests.packets.modelled import Sources, build, kernel, prefixes

ORDERED = [steps for steps in CONVERSATIONS if steps not in RATES]  # the model has no clock


def _free(outcome: Outcome) -> int:
    """The bits that the flow hash decides."""
    mask = 0
    for free in outcome.free:
        mask |= (1 << free.bits) - 1 << 8 * (len(outcome.frame) - free.end)
    return mask


def same(model: Model, case: Case) -> None:
    """The model says what the case says, and leaves the same bits open."""
    got, expected = model.process(case.sent), case.outcome
    assert (got.action, got.reason) == (expected.action, expected.reason), case.id
    assert _free(got) == _free(expected), case.id
    kept = (1 << 8 * len(got.frame)) - 1 & ~_free(got)
    bits = [int.from_bytes(outcome.frame, "big") & kept for outcome in (got, expected)]
    assert bits[0] == bits[1], f"{case.id}\nmodel {got.frame.hex()}\ncase  {expected.frame.hex()}"
    assert len(got.frame) == len(expected.frame), case.id


def test_singles() -> None:
    for case in SINGLES:
        same(build(), case)


@pytest.mark.parametrize("steps", ORDERED, ids=lambda steps: steps[0].id)
def test_conversations(steps: list[Case]) -> None:
    model = build()
    for case in steps:
        same(model, case)


@pytest.mark.parametrize(
    ("cases", "outer"),
    [(sources.PREFIX, prefixes), (sources.KERNEL, kernel)],
    ids=["prefix", "kernel"],
)
def test_sources(cases: list[Case], outer: Sources) -> None:
    for case in cases:
        same(build(outer), case)


def test_interface_without_addresses() -> None:
    for case in expired.NO_ADDRESS:
        same(build(addresses=()), case)
