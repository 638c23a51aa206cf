# SPDX-License-Identifier: Apache-2.0
"""What the results were measured on, and what else it did meanwhile."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

_IDLE, _WAIT, _STEAL = 3, 4, 7  # columns of a line of /proc/stat


def _ticks() -> dict[int, list[int]]:
    """By CPU: clock ticks so far in each of the states that /proc/stat tells."""
    lines = re.findall(r"^cpu(\d+) (.*)$", Path("/proc/stat").read_text(), re.MULTILINE)
    return {int(cpu): [int(value) for value in values.split()] for cpu, values in lines}


def shares(before: dict[int, list[int]], after: dict[int, list[int]], own: int) -> dict[str, float]:
    """Of two looks at the ticks: what share of the time the other CPUs worked, and what share of
    this one's time the hypervisor gave to others. Either is 0 where no time has gone by."""
    spent = {
        cpu: [late - early for early, late in zip(before[cpu], after[cpu], strict=True)]
        for cpu in before
    }
    others = [ticks for cpu, ticks in spent.items() if cpu != own]
    total = sum(map(sum, others))
    busy = total - sum(ticks[_IDLE] + ticks[_WAIT] for ticks in others)
    return {
        "others_busy": round(busy / max(total, 1), 2),
        "stolen": round(spent[own][_STEAL] / max(sum(spent[own]), 1), 2),
    }


class Load:
    """What else the machine does from now on, on CPUs that may share caches with this one."""

    def __init__(self, own: int) -> None:
        """``own``: the CPU that works for us."""
        self._own, self._before = own, _ticks()

    def fields(self) -> dict[str, float]:
        """As they stand in results.json."""
        return shares(self._before, _ticks(), self._own)


def _cpu_model() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.processor()


def _version(*command: str) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    return run.stdout.strip()


def _llvm() -> str:
    """The version that bcc is linked against."""
    packages = _version("dpkg-query", "-W", "-f", "${Depends}", "libbpfcc")
    found = re.search(r"libllvm(\d+)|libclang-cpp(\d+)", packages)
    return next(filter(None, found.groups()), "") if found else ""


def _distribution(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def machine(root: Path) -> dict[str, Any]:
    """The header of results.json; ``root``: of the checkout."""
    git = ("git", "-C", str(root))
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _version(*git, "rev-parse", "HEAD"),
        "changed": bool(_version(*git, "status", "--porcelain", "--", "ebpf", "dsrlb")),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "virtualisation": _version("systemd-detect-virt", "--vm"),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "bcc": _distribution("bcc"),
        "llvm": _llvm(),
        "python": platform.python_version(),
        "bpf_jit": Path("/proc/sys/net/core/bpf_jit_enable").read_text().strip(),
    }
