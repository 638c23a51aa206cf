# SPDX-License-Identifier: Apache-2.0
"""The packet cases of modes bridge, router, one-arm and nat through the program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.packets.cases import Case, paired
from tests.packets.cases.paired_services import CONFIG, FAR, RESOLUTIONS
from tests.packets.evidence import check
from tests.packets.harness import OTHER_LINK, Program
from tests.packets.snapshot import snapshot

LINKS = {"in0": 1, "out0": 2}


@pytest.fixture(scope="module")
def configured(loaded: Program) -> Iterator[Program]:
    """The program with CONFIG, for all the tests that change nothing of it."""
    loaded.link(FAR)
    loaded.configure(CONFIG, RESOLUTIONS)
    yield loaded
    loaded.link(OTHER_LINK)
    loaded.reset()


def go(program: Program, case: Case, port: int = 0) -> int:
    """Send, compare bytes, verdict and reason. ``port``: which the program chose for the flow; it
    is returned."""
    if not port and case.chosen is not None:
        got = program.run(case.sent, LINKS[case.link])
        port = int.from_bytes(got.frame[case.chosen : case.chosen + 2], "big")
        assert got.reason != "forwarded" or port >= 1024, f"{case.id}: port {port}"
        case = case.with_port(port)
    else:
        case = case.with_port(port)
        got = program.run(case.sent, LINKS[case.link])
    check(case.id, case.sent, case.outcome, got)
    return port


@pytest.mark.parametrize("case", paired.SINGLES, ids=lambda case: case.id)
def test_case(configured: Program, case: Case) -> None:
    configured.rewind()
    before = snapshot(configured)
    go(configured, case)
    if case.reason == "bridge-same-side":  # that is known when it was somebody's turn
        before = replace(before, cursors=snapshot(configured).cursors)
    if case.reason not in ("forwarded", "answered-too-big"):
        assert snapshot(configured) == before


@pytest.mark.parametrize("steps", paired.CONVERSATIONS, ids=lambda steps: steps[0].id)
def test_conversation(configured: Program, steps: list[Case]) -> None:
    configured.rewind()
    port = 0
    for case in steps:
        port = go(configured, case, port)
