# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the marks of their folders, and the refusal to skip quietly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).resolve().parent
NEED_ROOT = ("packets", "lab")

# A thousand Pythons are started. Without bytecode each of them would compile all of dsrlb anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The lab starts what tests/packets have compiled.
os.environ.setdefault("DSRLB_CACHE_DIR", str(HERE.parent / "build/cache"))

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile("dsrlb", deadline=None)
settings.load_profile("dsrlb")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of tests/packets and tests/lab by their folder."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
        if folder in NEED_ROOT:
            item.add_marker(folder)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail, and do not skip, what cannot run without root."""
    marks = [name for name in NEED_ROOT if item.get_closest_marker(name)]
    if marks and os.geteuid() != 0:
        pytest.fail(f"not run: tests/{marks[0]} needs root", pytrace=False)
