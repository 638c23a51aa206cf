# SPDX-License-Identifier: Apache-2.0
"""NAPI threads: the balancer's packets on one CPU, everything else on the other.

A threaded NAPI polls an interface in a kernel thread of its own (napi/INTERFACE-ID), which is
bound to a CPU, and whose run time the scheduler counts. So a balancer's CPU time is what its
interface's thread ran, whether an XDP program or the kernel's IP forwards, and of HAProxy's process
in addition.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tests.lab.plain import Namespace, run
from tests.waiting import wait_until

OUTER_CPU, BALANCER_CPU = 0, 1


def _napi_threads(port: str) -> list[int]:
    """Process ids, of all namespaces."""
    found = []
    for place in Path("/proc").glob("[0-9]*/comm"):
        try:
            name = place.read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if name.startswith(f"napi/{port}-"):
            found.append(int(place.parent.name))
    return sorted(found)


def make_threaded(one: Namespace, port: str, cpu: int) -> int:
    """Have an interface polled by a thread on a CPU; returns the thread's id.

    Both ends of a cable have the same name, so the thread is the one that comes anew.
    """
    before = set(_napi_threads(port))
    # `ip netns exec` and not nsenter: /sys shows the interfaces of the namespace it was mounted in.
    file = f"/sys/class/net/{port}/threaded"
    run("ip", "netns", "exec", one.name, "sh", "-c", f"echo 1 >{file}")
    (pid,) = wait_until(f"{port} has a thread", lambda: set(_napi_threads(port)) - before)
    os.sched_setaffinity(pid, {cpu})
    return pid


def _schedstat(pids: Iterable[int], field: int) -> int:
    """Sum over tasks (Documentation/scheduler/sched-stats.rst)."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[field]) for pid in pids)


def run_time(pids: Iterable[int]) -> int:
    """ns that they have run so far, all together."""
    return _schedstat(pids, 0)


def wait_time(pids: Iterable[int]) -> int:
    """ns that they could have run so far, but for something else that had their CPU."""
    return _schedstat(pids, 1)


def receive_softirqs(cpu: int) -> int:
    """How often a CPU has polled interfaces that have no thread."""
    for line in Path("/proc/softirqs").read_text().splitlines():
        name, *counts = line.split()
        if name == "NET_RX:":
            return int(counts[cpu])
    raise AssertionError("/proc/softirqs has no NET_RX")
