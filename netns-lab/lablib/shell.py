# SPDX-License-Identifier: Apache-2.0
"""Run commands, in namespaces too; wait for states."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
PYTHON = sys.executable
T = TypeVar("T")


class LabError(Exception):
    """Something in the lab did not go as it must; the message is for the user."""


def environment(root: Path | None = None) -> dict[str, str]:
    """What children get: everything cached stays in the tree; ``root``: a node's own /run, /var."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'netns-lab'}"
    own = {"DSRLB_ROOT": str(root)} if root is not None else {}
    return {**os.environ, "DSRLB_CACHE_DIR": str(BUILD / "cache"), "PYTHONPATH": path, **own}


def inside(namespace: str, argv: Sequence[str]) -> list[str]:
    """The command in a network namespace. nsenter and not `ip netns exec`, which hides bpffs."""
    return ["nsenter", f"--net=/run/netns/{namespace}", "--", *argv]


def run(
    argv: Sequence[str],
    *,
    check: bool = True,
    text: str | None = None,
    seconds: float = 120,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; LabError with its words when it fails and ``check`` is set."""
    try:
        done = subprocess.run(
            argv,
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=env or environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"did not end within {seconds} s: {' '.join(argv)}") from error
    if check and done.returncode:
        words = (done.stderr or done.stdout).strip()
        raise LabError(f"exit {done.returncode}: {' '.join(argv)}\n{words}")
    return done


def wait_until(what: str, probe: Callable[[], T], seconds: float = 10.0) -> T:
    """Call ``probe`` until it returns something true, and return that; else LabError."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise LabError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)
    return found


def processes_in(namespace: str) -> list[int]:
    """Ids of the processes whose network namespace this is."""
    try:
        wanted = Path(f"/run/netns/{namespace}").stat()
    except FileNotFoundError:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            own = (entry / "ns/net").stat()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if (own.st_dev, own.st_ino) == (wanted.st_dev, wanted.st_ino):
            found.append(int(entry.name))
    return found


def kill_all(pids: Sequence[int]) -> None:
    """End processes by id, whatever they do, and wait until they are gone."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue

    def gone() -> bool:
        return not any(_alive(pid) for pid in pids)

    wait_until("killed processes are gone", gone)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
