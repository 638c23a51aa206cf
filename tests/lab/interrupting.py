# SPDX-License-Identifier: Apache-2.0
"""Interrupts `dsrlb real-server setup` and `undo` behind each of their steps, and undoes that.

Run in the namespaces of a real server, with the options of setup as arguments. Prints how many
interruptions there were of each.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from dsrlb.cli.realserver import real_server
from dsrlb.errors import DsrlbError
from dsrlb.paths import systemd_units
from dsrlb.realserver import Step, state
from dsrlb.realserver.manage import run_steps

_SHOWN = (
    ("ip", "address"),
    ("ip", "route"),
    ("ip", "-6", "route"),
    ("nft", "list", "ruleset"),
    ("sysctl", "-a", "--pattern", r"^net\.ipv[46]\.conf\."),
)


class Interrupted(DsrlbError):
    """What ends a command here."""


def everything() -> list[str]:
    """All that setup may touch."""
    shown = [subprocess.run(one, capture_output=True, text=True, check=True) for one in _SHOWN]
    files = [path for path in systemd_units().rglob("*") if not path.is_dir()]
    files += [state.state_file()] if state.state_file().exists() else []
    return [*(done.stdout for done in shown), *sorted(map(str, files))]


def dsrlb(*arguments: str, steps: int | None = None) -> bool:
    """Run a command, and end it behind so many steps; did it come to its end?"""

    def part(wanted: Sequence[Step]) -> None:
        run_steps(wanted[:steps])
        if steps is not None and steps < len(wanted):
            raise Interrupted("interrupted")

    with (
        patch("dsrlb.realserver.manage.run_steps", part),
        patch.object(sys.modules["dsrlb.realserver.undo"], "run_steps", part),
        patch("sys.argv", ["dsrlb"]),
    ):
        result = CliRunner().invoke(real_server, list(arguments))
    assert result.exit_code == 0 or isinstance(result.exception, Interrupted), result.output
    return result.exit_code == 0


def main(options: list[str]) -> None:
    before = everything()
    setups = undos = 0
    while not dsrlb("setup", *options, steps=setups):
        dsrlb("undo")
        assert everything() == before, f"setup ended behind step {setups}"
        setups += 1
    done = everything()
    while not dsrlb("undo", steps=undos):
        dsrlb("undo")
        assert everything() == before, f"undo ended behind step {undos}"
        dsrlb("setup", *options)
        dsrlb("undo", steps=undos)
        dsrlb("setup", *options)
        assert dsrlb("check", *options), f"set up after undo ended behind step {undos}"
        undos += 1
    assert everything() == before
    assert done != before
    print(setups, undos)


if __name__ == "__main__":
    assert Path("/proc/self/ns/net").readlink() == Path("/proc/1/ns/net").readlink()
    main(sys.argv[1:])
