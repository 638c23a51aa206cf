# SPDX-License-Identifier: Apache-2.0
"""A host of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.realserver import manage, steps
from tests.unit.realserver.hosts import BARE, SETTINGS, write


@pytest.fixture(autouse=True)
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc/sys and a /var/lib of this test's own."""
    root = tmp_path / "proc"
    write(root, SETTINGS)
    monkeypatch.setattr(steps, "PROC_SYS", root)
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    return root


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host with nothing on lo."""
    monkeypatch.setattr(manage, "read_host", lambda: BARE)
    yield
