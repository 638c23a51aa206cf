# SPDX-License-Identifier: Apache-2.0
"""What is saved in the tests of backups."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from dsrlb.config import dump, parse
from dsrlb.paths import Paths
from tests.unit.api.fakerows import TOML

CONFIG = dump(parse(TOML, "x"))
OTHER = CONFIG.replace("10.0.0.12", "10.0.0.13")


def database(paths: Paths) -> sqlite3.Connection:
    """The revisions."""
    return sqlite3.connect(paths.state / "revisions.db")


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but the lock."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }
