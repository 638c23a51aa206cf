# SPDX-License-Identifier: Apache-2.0
"""What `dsrlb run`, and commands without a daemon, have imported before they do anything; and what
`dsrlb run` knows before it reads its configuration."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dsrlb.control import start
from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.beginning import Attempt
from dsrlb.control.revisions.change import Change

HEAVY = ("pydantic", "numpy", "asyncio", "fastapi", "pyroute2", "dsrlb.config")
PROGRAM = "import json, sys, {}; print(json.dumps([name for name in {} if name in sys.modules]))"


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("dsrlb.control.start", HEAVY),  # until the kernel has maps to make
        ("dsrlb.control.detach", ("pydantic", "numpy", "fastapi", "dsrlb.config")),
    ],
)
def test_is_light(module: str, heavy: tuple[str, ...]) -> None:
    program = PROGRAM.format(module, heavy)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(done.stdout) == []


REST = '[[service]]\nname = "web"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[balancer]\nflow_capacity = 5_000\n{REST}", 5_000),
        (f"{REST}[balancer]\nflow_capacity = 5_000\n", 5_000),
        (f'[balancer]\nx = """\n[[\n"""\nflow_capacity = 5_000\n{REST}', 5_000),
        (f"balancer.flow_capacity = 5_000\n{REST}", 5_000),
        (f"[balancer]\n{REST}", 1_000_000),
        (f"{REST}", 1_000_000),
        (f"[balancer]\nflow_capacity = 5\n{REST}", 1_000_000),
        (f'[balancer]\nflow_capacity = "5_000"\n{REST}', 1_000_000),
        (f"balancer = 5\n{REST}", 1_000_000),
        ("[[", 1_000_000),
        ("x = " + "[" * 500, 1_000_000),
    ],
)
def test_capacity_is_found_before_all_is_read(text: str, expected: int) -> None:
    """A guess where the text is wrong, which is told when it is read in earnest."""
    attempt = Attempt("x", Change(Author(0, "root"), "run"), text=text)
    assert start._capacity(attempt) == expected
