# SPDX-License-Identifier: Apache-2.0
"""`netns-lab/lab compare`, in a short form: real clients, real servers, two algorithms."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lablib.compare.scenarios import DISTANCE
from lablib.shell import processes_in
from tests.lab.labprogram import LAB, copied, done, lab, left_of
from tests.lab.plain import listed
from tests.unit.lablib.test_pages import Reader
from tests.waiting import wait_until

NAME = f"t{os.getpid()}-cmp"
WEIGHTS = {"r1": 8, "r2": 8, "r3": 4, "r4": 4, "r5": 2, "r6": 1}


@pytest.fixture
def topology(tmp_path: Path) -> Iterator[Path]:
    """The comparison's topology under a name of its own, beside whatever else is up."""
    with copied("algorithms", NAME, tmp_path) as path:
        yield path


def test_two_algorithms_under_one_load(topology: Path, tmp_path: Path) -> None:
    names = "round-robin,weighted-round-robin"
    argv = ("--algorithms", names, "--seconds", "3", "--seed", "5", "--output", str(tmp_path))
    said = done("compare", str(topology), *argv)
    assert left_of(NAME) == []
    made = json.loads((tmp_path / "results.json").read_text())
    busy, far = made["scenarios"]
    even, weighted = busy["algorithms"]
    assert [even["name"], weighted["name"]] == names.split(",")
    assert even["requests"]["sent"] == weighted["requests"]["sent"] > 300
    assert even["questions"]["sent"] == weighted["questions"]["sent"]
    assert weighted["requests"]["failed"] == 0
    for one in (even, weighted):
        sent = one["requests"]["sent"]
        assert sum(one["connections"].values()) == sent
        assert 0 < one["p50"] <= one["p99"]
        assert len(one["series"]) >= 3 / 0.5
        assert max(one["peak_open"].values()) >= 1
        assert set(one["series"][-1]["open"].values()) == {0}
        assert f"{one['requests']['answered']}/{sent}" in said
    counts = even["connections"].values()
    assert max(counts) - min(counts) <= 2  # the cursors of two CPUs
    for real, weight in WEIGHTS.items():
        due = weighted["requests"]["sent"] * weight / sum(WEIGHTS.values())
        assert weighted["connections"][real] == pytest.approx(due, abs=3)
    near = [one for one in far["algorithms"] if one["name"] == "weighted-round-robin"]
    assert len(near) == 1 and near[0]["requests"]["failed"] == 0
    assert near[0]["p99"] > DISTANCE
    assert "weighted-round-robin" in Reader((tmp_path / "index.html").read_text()).text


def test_an_unknown_algorithm_is_refused(topology: Path) -> None:
    refused = lab("compare", str(topology), "--algorithms", "best")
    assert refused.returncode == 2
    assert "no algorithm 'best'; there are: round-robin" in refused.stderr
    assert left_of(NAME) == []


def test_another_topology_is_refused() -> None:
    refused = lab("compare", "l2dsr")
    assert refused.returncode == 1
    assert "l2dsr has no real server r4; take algorithms" in refused.stderr


@pytest.mark.parametrize("process", ["lablib.compare.server", "lablib.compare.clients"])
def test_interrupt_leaves_nothing(topology: Path, tmp_path: Path, process: str) -> None:
    argv = [LAB, "compare", str(topology), "--output", str(tmp_path)]
    with subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as program:
        try:
            wait_until(process, lambda: _runs(process), 60)
            os.killpg(program.pid, signal.SIGINT)
            assert program.wait(30) == 130
        finally:
            program.kill()
    assert left_of(NAME) == []


def _runs(process: str) -> bool:
    pids = [
        pid
        for namespace in listed("/run/netns", f"dsrlb-{NAME}-")
        for pid in processes_in(namespace)
    ]
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if process in Path(f"/proc/{pid}/cmdline").read_text():
                return True
    return False
