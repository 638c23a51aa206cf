# SPDX-License-Identifier: Apache-2.0
"""All loads on all variants, round by round: in each round, each variant gets each load once."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from dsrlb.errors import DsrlbError
from tests.bench.endtoend import loads, stacks
from tests.bench.endtoend.figures import RATES, Row, closed_rows, timed_row
from tests.bench.endtoend.loads import Run
from tests.bench.endtoend.session import Session, session
from tests.bench.endtoend.variants import VARIANTS, Variant

ROUNDS = 11
_LEAST_ROUNDS, _SECONDS = 3, 120.0
"""On a busy machine runs are made again, and a round takes longer: no new one after this time."""
_STACK_ROUNDS = 3
_Runs = dict[tuple[str, str, int], list[Run]]


def _one_round(made: Session, runs: _Runs) -> None:
    for place in made.places:
        name = place.variant.name
        wanted: list[tuple[str, int, Callable[[], Run]]] = [
            ("requests", 0, partial(loads.requests, made, place)),
            ("connections", 0, partial(loads.connections, made, place)),
        ]
        wanted += [("latency", rate, partial(loads.timed, place, rate)) for rate in RATES]
        for what, rate, make in wanted:
            runs[name, what, rate].append(loads.undisturbed(make))


def _stack_rounds(made: Session, rounds: int, runs: _Runs) -> None:
    with stacks.servers(made.network):
        for _ in range(rounds):
            for place in made.places:
                run = stacks.connections(made, place)
                runs[place.variant.name, "tcp-connections", 0].append(run)


def _rows(variants: Sequence[Variant], runs: _Runs, step: int) -> Iterator[Row]:
    for variant in variants:
        for what in ("requests", "connections", "tcp-connections"):
            yield from closed_rows(variant, what, runs[variant.name, what, 0])
        for rate in RATES:
            yield timed_row(variant, rate, runs[variant.name, "latency", rate], step)


def measure(rounds: int = ROUNDS, variants: Sequence[Variant] = VARIANTS) -> Iterator[Row]:
    """Build the network, measure, remove it, and yield the rows. Raises DsrlbError, also when a run
    was not what it should have been: then there are no rows."""
    missing = stacks.needed()
    if missing:
        raise DsrlbError(f"endtoend needs {', '.join(missing)}", hint="`make bench` installs them")
    runs: _Runs = defaultdict(list)
    with session(variants) as made:
        step = made.places[0].ends.latency_step
        end = time.monotonic() + _SECONDS
        for number in range(rounds):
            if number >= _LEAST_ROUNDS and time.monotonic() > end:
                break
            _one_round(made, runs)
        _stack_rounds(made, min(rounds, _STACK_ROUNDS), runs)
    yield from _rows(variants, runs, step)
