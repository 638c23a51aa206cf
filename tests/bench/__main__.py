# SPDX-License-Identifier: Apache-2.0
"""Measure the fast path by BPF_PROG_TEST_RUN and write build/bench/results.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dsrlb.errors import DsrlbError
from tests.bench import choices, direct, flowtable, pool, translated
from tests.bench.cases import CHOICES, DIRECT, TRANSLATED, Case

ROOT = Path(__file__).resolve().parents[2]
_OTHERS = ("pool", "flow-table")


_COLUMNS = {
    "case": "<13",
    "method": "<9",
    "algorithm": "<26",
    "reals": ">5",
    "direction": "<10",
    "family": "<7",
    "protocol": "<9",
    "flows": ">8",
    "floor": ">6",
    "median": ">7",
    "ratio": ">7",
    "floor min": ">10",
    "min": ">6",
    "min ratio": ">10",
}
"""Headings of the table, and how wide."""
_KEYS = {
    "floor": "floor_median_ns",
    "median": "median_ns",
    "floor min": "floor_min_ns",
    "min": "min_ns",
    "min ratio": "min_ratio",
}


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Times in ns."""
    if rows:
        yield " ".join(f"{name:{width}}" for name, width in _COLUMNS.items())
    for row in rows:
        cells = {**row, "method": row["method"] or row["mode"]}
        yield " ".join(
            f"{cells[_KEYS.get(name, name)]:{width}}" for name, width in _COLUMNS.items()
        )


def _arguments() -> argparse.Namespace:
    cases = DIRECT + CHOICES + TRANSLATED
    names = sorted({case.name for case in cases} | {*_OTHERS})
    modes = sorted({case.mode for case in cases})
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument(
        "--only", default=os.environ.get("ONLY", ""), help=f"by commas, of {', '.join(names)}"
    )
    parser.add_argument("--modes", default="", help=f"by commas, of {', '.join(modes)}")
    arguments = parser.parse_args()
    for option, known in (("only", names), ("modes", modes)):
        wanted = [name for name in getattr(arguments, option).split(",") if name]
        for name in wanted:
            if name not in known:
                parser.error(f"--{option}: {name!r} is none of {', '.join(known)}")
        setattr(arguments, option, wanted or known)
    return arguments


def main() -> int:
    """Run all cases, or those that --only and --modes name."""
    arguments = _arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    def wanted(cases: tuple[Case, ...]) -> list[Case]:
        return [c for c in cases if c.name in arguments.only and c.mode in arguments.modes]

    rounds = arguments.rounds
    rows = [
        *direct.measure(wanted(DIRECT), rounds),
        *choices.measure(wanted(CHOICES), rounds),
        *translated.measure(wanted(TRANSLATED), rounds),
    ]
    pools = []
    if "pool" in arguments.only and "one-arm" in arguments.modes:
        pools = list(pool.measure(rounds))
    flows = list(flowtable.measure(rounds)) if "flow-table" in arguments.only else []
    folder = ROOT / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(rows + pools + flows, indent=1) + "\n")
    for line in (*_table(rows), *pool.table(pools), *flowtable.table(flows)):
        print(line)
    print(f"written: {folder / 'results.json'}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DsrlbError as error:
        sys.exit(f"error: {error.message}")
