# SPDX-License-Identifier: Apache-2.0
"""One program for all packet tests, empty at the start of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.packets.harness import Program


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
