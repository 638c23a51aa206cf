# SPDX-License-Identifier: Apache-2.0
"""One program for all packet tests, empty at the start of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.dataplane import bpffs
from dsrlb.dataplane.maps import unpin_all
from tests.packets.harness import Program
from tests.packets.moves import Formers
from tests.packets.probing import probing
from tests.packets.steps import V4, V6, A, Family, config


@pytest.fixture(scope="session")
def loaded() -> Iterator[Program]:
    """The program, loaded once."""
    program = Program()
    yield program
    program.close()


@pytest.fixture
def program(loaded: Program) -> Iterator[Program]:
    """The program without services and flows."""
    loaded.reset()
    yield loaded
    loaded.reset()


@pytest.fixture
def probed(program: Program) -> Iterator[Program]:
    """The program while somebody probes: one real server, of a service in mode l2dsr."""
    with probing(program, config(A)):
        yield program


@pytest.fixture(params=[V4, V6], ids=["ipv4", "ipv6"])
def v(request: pytest.FixtureRequest) -> Family:
    """One family."""
    assert isinstance(request.param, Family)
    return request.param


@pytest.fixture
def pins() -> Iterator[Path]:
    """A folder for pins, not made yet."""
    folder = bpffs.ensure() / f"dsrlb-test-{os.getpid()}"
    yield folder
    unpin_all(folder)


@pytest.fixture(scope="session")
def formers() -> Iterator[Formers]:
    """Programs out of whose tables flows move."""
    made = Formers()
    yield made
    made.close()
