# SPDX-License-Identifier: Apache-2.0
"""What `dsrlb run`, and commands without a daemon, have imported before they do anything."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

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
