# SPDX-License-Identifier: Apache-2.0
"""Counts of the heavy tests, and the record that `make soak` leaves."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_RESULTS = _HERE.parent / "build/soak/results.json"
SOAK = os.environ.get("DSRLB_SOAK") == "1"


def count(name: str) -> int:
    """The count ``name`` of tests/scale.toml for this run."""
    tables = tomllib.loads((_HERE / "scale.toml").read_text())
    value: int = tables["soak" if SOAK else "make-test"][name]
    return value


def record(name: str, asked: int, done: int, lost: int, seconds: float) -> None:
    """Keep a result of `make soak` in build/soak/results.json; nothing in other runs."""
    if not SOAK:
        return
    _RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(_RESULTS.read_text()) if _RESULTS.exists() else []
    rows = [row for row in rows if row["name"] != name]
    rows.append(
        {"name": name, "asked": asked, "done": done, "lost": lost, "seconds": round(seconds, 2)}
    )
    _RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
