# SPDX-License-Identifier: Apache-2.0
"""What curl and dig print is an answer only when it is a real server's name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from lablib import traffic
from lablib.lab import Lab
from lablib.topofile import load
from lablib.topology import IP, Topology

# As dig 9.18 +short prints them on its standard output, for a query each.
LOST = ";; communications error to 10.77.0.100#53: timed out\n;; no servers could be reached\n"
REFUSED = LOST.replace("timed out", "connection refused")
UNREACHABLE = (
    ";; UDP setup with 10.77.0.100#53(10.77.0.100) for whoami.lab failed: network unreachable.\n"
    ";; no servers could be reached\n"
)


@dataclass
class FakeLab:
    """Clients print what the test says, one after the other."""

    folder: Path
    outputs: Iterator[str]
    topology: Topology = field(default_factory=lambda: load("l2dsr"))

    def exec(
        self, node: str, argv: Sequence[str], *, check: bool
    ) -> subprocess.CompletedProcess[str]:
        """One run of a client."""
        return subprocess.CompletedProcess(argv, 0, next(self.outputs), "")


def _lab(folder: Path, *outputs: str) -> tuple[Lab, IP]:
    fake = FakeLab(folder, iter(outputs))
    return cast(Lab, fake), fake.topology.vip(4)


@pytest.mark.parametrize("lost", [LOST, REFUSED, UNREACHABLE])
def test_a_lost_query_is_not_answered(tmp_path: Path, lost: str) -> None:
    lab, vip = _lab(tmp_path, f'"r1"\n{lost}"r3"\n{lost}')
    result = traffic.dns(lab, vip, 4)
    assert (result.sent, result.answered) == (4, 2)
    assert result.by_real == result.connections == {"r1": 1, "r3": 1}


def test_another_server_is_no_answer(tmp_path: Path) -> None:
    lab, vip = _lab(tmp_path, '"r4"\n"rogue r1"\n')
    assert traffic.dns(lab, vip, 2).answered == 0


def test_an_error_page_is_no_answer(tmp_path: Path) -> None:
    page = "<html>\n<center>r1 cannot be reached</center>\n</html>\n"
    lab, vip = _lab(tmp_path, "r1\n", page, f"{page}r2\nr2\n")
    result = traffic.http(lab, vip, 5)
    assert (result.sent, result.answered) == (5, 3)
    assert result.by_real == {"r1": 1, "r2": 2}
    assert result.connections == {"r1": 1, "r2": 1}
