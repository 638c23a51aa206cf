# SPDX-License-Identifier: Apache-2.0
"""One program for all packet tests, empty at the start of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.packets.harness import Program
from tests.packets.steps import V4, V6, Family


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


@pytest.fixture(params=[V4, V6], ids=["ipv4", "ipv6"])
def v(request: pytest.FixtureRequest) -> Family:
    """One family."""
    assert isinstance(request.param, Family)
    return request.param
