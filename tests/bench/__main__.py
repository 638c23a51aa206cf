# SPDX-License-Identifier: Apache-2.0
"""Measure dsrlb, and write build/bench: results.json, RESULTS.md and plots."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dsrlb.errors import DsrlbError
from tests.bench import (
    checking,
    choices,
    compare,
    control,
    direct,
    endtoend,
    flowtable,
    health,
    instructions,
    plots,
    pool,
    report,
    scaling,
    translated,
)
from tests.bench.cases import CHOICES, DIRECT, TRANSLATED, Case, Counts
from tests.bench.machine import machine
from tests.bench.programs import own_cpus
from tests.bench.results import Results, Section

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/bench"
_CASES = DIRECT + CHOICES + TRANSLATED
_BAR = "bar"
_ROUNDS = 31  # of what has no ratio to the floor program

SECTIONS = (
    Section("rows", "Ratios to the floor program", report.table, report.markdown),
    Section("scaling", "Two CPUs", scaling.table, scaling.markdown),
    Section("programs", "Programs", instructions.table, instructions.markdown),
    Section("pool", "Ports of a pool, the more of them are in use", pool.table),
    Section("flow-table", "Flow table beside the kernel's LRU hash", flowtable.table),
    Section("endtoend", "End to end", endtoend.table, endtoend.markdown),
    Section("control", "Control plane", control.table),
    Section("checks", "Checks of real servers", checking.table),
    Section("health", "Checks of real servers by a whole balancer", health.table),
)
_ALL_CPUS = ("endtoend", "control", "checks", "health")  # sections that are not pinned to one
_RATIOS, *_OTHERS = [section.name for section in SECTIONS]


def _arguments() -> argparse.Namespace:
    names = sorted({case.name for case in _CASES} | {*_OTHERS, _BAR})
    modes = sorted({case.mode for case in _CASES})
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="the same for all cases")
    parser.add_argument(
        "--only",
        default="",
        help=f"by commas, of {', '.join(names)}; bar: all cases that have one",
    )
    parser.add_argument("--modes", default="", help=f"by commas, of {', '.join(modes)}")
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="an earlier results.json; fail when a median of ratios on one CPU, or the size of a "
        "program, has grown by more than 10 %%",
    )
    arguments = parser.parse_args()
    for option, known in (("only", names), ("modes", modes)):
        wanted = [name for name in getattr(arguments, option).split(",") if name]
        for name in wanted:
            if name not in known:
                parser.error(f"--{option}: {name!r} is none of {', '.join(known)}")
        setattr(arguments, option, wanted or known)
    return arguments


def _ratios(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    def wanted(cases: tuple[Case, ...]) -> list[Case]:
        bar = _BAR in arguments.only
        named = [c for c in cases if c.name in arguments.only or (bar and c.bar is not None)]
        return [c for c in named if c.mode in arguments.modes]

    count = arguments.rounds
    rounds = Counts(count, count) if count else Counts()
    yield from direct.measure(wanted(DIRECT), rounds)
    yield from choices.measure(wanted(CHOICES), rounds)
    yield from translated.measure(wanted(TRANSLATED), rounds)


def _measure(name: str, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The rows of a section."""
    rounds = arguments.rounds or _ROUNDS
    how: dict[str, Iterable[dict[str, Any]]] = {
        _RATIOS: _ratios(arguments),
        "scaling": scaling.measure(rounds=arguments.rounds or scaling.ROUNDS),
        "programs": instructions.measure(),
        "pool": pool.measure(rounds) if "one-arm" in arguments.modes else (),
        "flow-table": flowtable.measure(rounds),
        "endtoend": endtoend.measure(arguments.rounds or endtoend.ROUNDS),
        "control": control.measure(arguments.rounds or control.ROUNDS),
        "checks": checking.measure(),
        "health": health.measure(),
    }
    cpus = own_cpus()
    os.sched_setaffinity(0, cpus if name in _ALL_CPUS else cpus[:1])
    yield from how[name]


def _section(section: Section, arguments: argparse.Namespace, results: Results) -> None:
    """Measure one, and tell of it. Raises DsrlbError; rows that are there by then are kept."""
    begin = time.monotonic()
    rows = results.rows[section.name] = []
    for row in _measure(section.name, arguments):
        rows.append(row)
        if section.name == _RATIOS:
            print(report.one(row), flush=True)
    results.seconds[section.name] = round(time.monotonic() - begin, 1)
    if rows:
        print(f"\n{section.title} ({results.seconds[section.name]} s)")
        for line in section.table(rows):
            print(line)
        sys.stdout.flush()


def _run(arguments: argparse.Namespace) -> tuple[Results, list[str]]:
    """Measure what is wanted: the results, and the sections that failed."""
    results, failed = Results(machine(ROOT)), []
    for section in SECTIONS:
        if section.name == _RATIOS or section.name in arguments.only:
            try:
                _section(section, arguments, results)
            except DsrlbError as error:
                print(f"error: {section.title}: {error.message} {error.hint}", file=sys.stderr)
                failed.append(section.title)
    return results, failed


def _drawn(results: Results) -> list[Path]:
    """The plots; none where they cannot be drawn."""
    if plots.available():
        return list(plots.draw(results.content, FOLDER))
    print("no plots: matplotlib is missing (.ci/setup bench)")
    return []


def main() -> int:
    """Run all, or what --only and --modes name. Returns 1 when something could not be measured, or
    when --compare found a regression."""
    arguments = _arguments()
    earlier = compare.read(arguments.compare) if arguments.compare else None
    results, failed = _run(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    results.write(FOLDER, SECTIONS, _drawn(results))
    print(f"\nwritten: {FOLDER / 'results.json'}, {FOLDER / 'RESULTS.md'}")
    for title in failed:
        print(f"NOT MEASURED: {title}")
    if earlier is None:
        return 1 if failed else 0
    comparison = compare.compare(earlier, compare.rows_of(results.content))
    for line in comparison.lines():
        print(line)
    return 1 if comparison.regressions or failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DsrlbError as error:
        sys.exit(f"error: {error.message}")
