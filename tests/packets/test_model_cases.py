# SPDX-License-Identifier: Apache-2.0
"""Every packet case through the model: cases and model are written apart, and say the same."""

from __future__ import annotations

import pytest

from tests.packets.cases import CONVERSATIONS, RATES, SINGLES, Case, paired
from tests.packets.cases.l3dsr import expired, sources
from tests.packets.model import Model, Outcome
from tests.packets.modelled import Sources, build, build_paired, kernel, prefixes

ORDERED = [steps for steps in CONVERSATIONS if steps not in RATES]  # the model has no clock

PORT = 0xC0DE  # as if a program had chosen it


def _free(outcome: Outcome) -> int:
    """The bits that the flow hash decides."""
    mask = 0
    for free in outcome.free:
        mask |= (1 << free.bits) - 1 << 8 * (len(outcome.frame) - free.end)
    return mask


def same(model: Model, case: Case) -> None:
    """The model says what the case says, and leaves the same bits open."""
    link = 1 if case.link == "in0" else 2
    got, expected = model.process(case.sent, link), case.outcome
    if got.choice is not None:
        got = got.choice(expected.frame)
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


def test_singles_with_replies() -> None:
    for case in paired.SINGLES:
        same(build_paired(), case.with_port(PORT))


@pytest.mark.parametrize("steps", paired.CONVERSATIONS, ids=lambda steps: steps[0].id)
def test_conversations_with_replies(steps: list[Case]) -> None:
    model = build_paired()
    for case in steps:
        same(model, case.with_port(PORT))


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
