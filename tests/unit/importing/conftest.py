# SPDX-License-Identifier: Apache-2.0
"""Where the old configurations are, and what came of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dsrlb.importing import Imported, from_keepalived

DATA = Path(__file__).resolve().parent

Convert = Callable[..., Imported]


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    """Convert a text of keepalived.conf, whose name is k.conf."""

    def run(text: str, **options: str | None) -> Imported:
        return from_keepalived(text, "k.conf", tmp_path, ("eth0",), **options)

    return run
