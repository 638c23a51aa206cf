# SPDX-License-Identifier: Apache-2.0
"""How much more two CPUs get through than one: the fast path, and the floor program beside it.

Every step is run on one CPU, with the other idle, and then on both at once, each with flows of its
own. CPUs of a virtual machine may be the two threads of one core, whatever it says: then the floor
program does not double either, and is what to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tests.bench import report
from tests.bench.cases import DIRECT, TRANSLATED, Case
from tests.bench.direct import Direct
from tests.bench.rounds import TWO
from tests.bench.statistics import scaling
from tests.bench.translated import Translated

ROUNDS = 41
CASES = tuple(
    replace(case, flows=max(case.flows, TWO))
    for case in DIRECT + TRANSLATED
    if case.bar is not None
)
"""Those that have a bar; with one flow on each CPU where that is for one flow."""


def _row(programs: Direct | Translated, case: Case, rounds: int) -> dict[str, Any]:
    found = programs.rounds(case, rounds)
    one, two = found.summary(), found.summary(TWO)
    row = case.row(two, programs.capacity, TWO)
    row |= {"one_median_ns": one.fields["median_ns"], **scaling(one, two)}
    return row | found.circumstances(TWO)


def measure(cases: Sequence[Case] = CASES, rounds: int = ROUNDS) -> Iterator[dict[str, Any]]:
    """The rows of these cases; none on a machine with one CPU. Raises DsrlbError when a packet took
    another way than it should."""
    for kind, known in ((Direct, DIRECT), (Translated, TRANSLATED)):
        names = {(case.name, case.method) for case in known}
        some = [case for case in cases if (case.name, case.method) in names]
        if not some:
            continue
        programs: Direct | Translated = kind()
        if len(programs.meter.cpus) >= TWO:
            programs.meter.together = TWO
            for case in some:
                yield _row(programs, case, rounds)
        programs.close()


_COLUMNS = report.columns(
    "case", "method", "algorithm", "direction", "family", "protocol", "flows"
) | {
    "ns on one CPU": "one_median_ns",
    "ns on each of two": "median_ns",
    "scaling": "scaling",
    "floor's": "floor_scaling",
    "of minima": "min_scaling",
    "floor's ": "floor_min_scaling",
}


def table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """For a terminal."""
    yield from report.table(rows, _COLUMNS)


def markdown(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """For RESULTS.md."""
    yield from report.markdown(rows, _COLUMNS)
