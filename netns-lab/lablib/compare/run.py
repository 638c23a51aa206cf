# SPDX-License-Identifier: Apache-2.0
"""`lab compare`: every algorithm under the same load, one after the other."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lablib.compare.cases import Case
from lablib.compare.clients import Outcome, outcomes
from lablib.compare.comparison import Comparison, Part
from lablib.compare.figures import Result, result
from lablib.compare.network import CLIENTS, CompareLab, first_line
from lablib.compare.page import page
from lablib.compare.scenarios import SCENARIOS, SLOW_FACTOR, Scenario
from lablib.compare.watch import Watch
from lablib.shell import BUILD, PYTHON, LabError, wait_until
from lablib.topology import PORTS

FOLDER = BUILD / "compare"
SECONDS, SEED = 15.0, 1
_LONGEST = 60.0  # seconds from the last arrival until all connections have ended
Say = Callable[[str], None]


def run(
    lab: CompareLab, cases: tuple[Case, ...], seconds: float, seed: int, folder: Path, say: Say
) -> Comparison:
    """Compare on a lab that is up; writes index.html and results.json into the folder.

    ``seconds``: how long connections begin, in each case of the longest scenario.
    """
    date = datetime.now(UTC).isoformat(timespec="seconds")
    parts = [
        _part(lab, scenario, scenario.cases(cases), seconds * scenario.part, seed, say)
        for scenario in SCENARIOS
        if scenario.cases(cases)
    ]
    made = Comparison(date, parts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(made.to_json(), indent=1) + "\n")
    (folder / "index.html").write_text(page(made))
    return made


def _part(
    lab: CompareLab,
    scenario: Scenario,
    cases: tuple[Case, ...],
    seconds: float,
    seed: int,
    say: Say,
) -> Part:
    part = Part(scenario, seed, seconds, lab.weights, [])
    say(f"\n{scenario.title}: {len(part.load):,} connections in {seconds:g} s, for each algorithm")
    say(f"{'':<28}{'answered':>14}{'p50':>9}{'p99':>9}   connections per real")
    results = []
    with lab.far(scenario.far):
        for case in cases:
            results.append(_case(lab, part, case))
            say(_line(results[-1]))
    return Part(scenario, seed, seconds, lab.weights, results)


def _line(one: Result) -> str:
    times = one.times
    shares = " ".join(f"{real}:{count}" for real, count in one.connections.items())
    answered = f"{times.answered}/{times.sent}"
    took = "".join(f"{1000 * value:>6.0f} ms" for value in (times.p50, times.p99))
    return f"{one.case.name:<28}{answered:>14}{took}   {shares}"


def _case(lab: CompareLab, part: Part, case: Case) -> Result:
    weights = {real: 1 if case.equal else weight for real, weight in lab.weights.items()}
    lab.configure(case.algorithm, weights)
    watch = Watch(lab.rows)
    with _clients(lab, part) as clients:
        start = time.monotonic()
        watch.begin(start)
        try:
            found = _found(lab, part, clients, start)
            wait_until("all connections have ended", lambda: not _busy(lab), 30)
        finally:
            series = watch.stop()
    return result(case, weights, part.load, found, part.phases, [*series, watch.sample()])


@contextmanager
def _clients(lab: CompareLab, part: Part) -> Iterator[subprocess.Popen[str]]:
    """The process of all clients, from the time at which connections begin."""
    argv = [PYTHON, "-m", "lablib.compare.clients", str(lab.topology.vip(4)), str(PORTS["web"])]
    argv += [CLIENTS, str(part.seed), str(part.seconds), str(part.scenario.rate)]
    with lab.popen(lab.topology.client.name, argv, stdout=subprocess.PIPE, text=True) as clients:
        try:
            if first_line(clients) != "started\n":
                raise LabError("the clients did not start; their words are above")
            yield clients
        finally:
            clients.kill()


def _busy(lab: CompareLab) -> bool:
    return any(row["open"] or row["pending"] for row in lab.rows().values())


def _found(
    lab: CompareLab, part: Part, clients: subprocess.Popen[str], start: float
) -> list[Outcome]:
    """What the clients tell in the end; on the way a real server may be slow for a while."""
    if part.scenario.slow is not None:
        _, slow, after = part.phases
        for at, factor in ((slow.start, SLOW_FACTOR), (after.start, 1.0)):
            _let_pass(clients, start + at)
            lab.slow_down(part.scenario.slow, factor)
    try:
        said, _ = clients.communicate(timeout=part.seconds + _LONGEST)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"connections did not end within {_LONGEST:g} s") from error
    if clients.returncode:
        raise LabError(f"the clients ended with {clients.returncode}; their words are above")
    return outcomes(said)


def _let_pass(clients: subprocess.Popen[str], until: float) -> None:
    """Wait for a time at which the clients still run."""
    try:
        clients.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return
    raise LabError(f"the clients ended early, with {clients.returncode}; their words are above")
