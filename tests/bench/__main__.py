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
from tests.bench import direct, flowtable, pool, translated
from tests.bench.cases import DIRECT, TRANSLATED, Case

ROOT = Path(__file__).resolve().parents[2]
_OTHERS = ("pool", "flow-table")


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield (
        f"{'case':<13}{'method':<9}{'direction':<10}{'family':<7}{'proto':<6}{'flows':>8}"
        f"{'floor ns':>10}{'median':>8}{'ratio':>7}{'floor min':>11}{'min ns':>8}{'ratio':>7}"
    )
    for row in rows:
        yield (
            f"{row['case']:<13}{row['method'] or row['mode']:<9}{row['direction']:<10}"
            f"{row['family']:<7}{row['protocol']:<6}{row['flows']:>8}{row['floor_median_ns']:>10}"
            f"{row['median_ns']:>8}{row['ratio']:>7}{row['floor_min_ns']:>11}{row['min_ns']:>8}"
            f"{row['min_ratio']:>7}"
        )


def _arguments() -> argparse.Namespace:
    names = sorted({case.name for case in DIRECT + TRANSLATED} | {*_OTHERS})
    modes = sorted({case.mode for case in DIRECT + TRANSLATED})
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
