# SPDX-License-Identifier: Apache-2.0
"""What leaves for a real server when it is probed, and its answer, byte for byte (cases/probes)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dsrlb.control.flows.quiet import Quiet
from tests.packets import probing
from tests.packets.cases import CONFIG, RESOLUTIONS, Case, paired_services
from tests.packets.cases.probes import returned
from tests.packets.harness import OTHER_LINK, Program
from tests.packets.probing import answer, ask, forget, known, pairs, place
from tests.packets.snapshot import snapshot

DIRECT = pairs(*(room.CASES for room in probing.DIRECT))
ASKED = {case.id: case for case in probing.CASES}
RETURNED = [(ASKED[case.id.removesuffix("-returned")], case) for case in returned.CASES]
TRANSLATED = pairs(*(room.CASES for room in probing.TRANSLATED))


@pytest.fixture(scope="module")
def direct(loaded: Program) -> Iterator[Program]:
    """Services of modes l2dsr and l3dsr."""
    with probing.probing(loaded, CONFIG, RESOLUTIONS) as program:
        yield program


@pytest.fixture(scope="module")
def paired(loaded: Program) -> Iterator[Program]:
    """Services of the other modes."""
    loaded.link(paired_services.FAR)
    with probing.probing(loaded, paired_services.CONFIG, paired_services.RESOLUTIONS) as program:
        yield program
    loaded.link(OTHER_LINK)


def converse(program: Program, asked: Case, answered: Case) -> None:
    """A probe, its answer, both again; nothing of it is a client's, or traffic."""
    forget(program)
    quiet = Quiet(program.maps, program.dataplane.artifact)
    activity, before = quiet.activity(0), snapshot(program)
    port = ask(program, asked)
    answer(program, answered, port)
    assert known(program) == 2
    assert ask(program, asked) == port
    answer(program, answered, port)
    assert known(program) == 2
    after = snapshot(program)
    assert replace(after, responses=before.responses) == before
    assert quiet.activity(0) == activity, "it would have the flow tables scanned"
    response = program.maps["responses"].array[place(program, asked)]
    assert bool(response["measured"]) == ("udp" not in asked.id and "echo" not in asked.id)


@pytest.mark.parametrize(("asked", "answered"), DIRECT, ids=lambda case: case.id)
def test_direct(direct: Program, asked: Case, answered: Case) -> None:
    converse(direct, asked, answered)


@pytest.mark.parametrize(("asked", "back"), RETURNED, ids=lambda case: case.id)
def test_returned(direct: Program, asked: Case, back: Case) -> None:
    """It is not served by somebody else."""
    forget(direct)
    before = snapshot(direct)
    port = ask(direct, asked)
    for _ in range(2):
        answer(direct, back, port)
    assert snapshot(direct) == before


@pytest.mark.parametrize(("asked", "answered"), TRANSLATED, ids=lambda case: case.id)
def test_translated(paired: Program, asked: Case, answered: Case) -> None:
    converse(paired, asked, answered)
