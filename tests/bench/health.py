# SPDX-License-Identifier: Apache-2.0
"""What checks of real servers cost a whole balancer: its daemon and the process that checks.

The real servers are the addresses of a prefix in a namespace of their own, behind a veth, and all
of mode router: ``python -m tests.bench.health``. What the kernel does for both ends of a
connection, and the programs that it passes, counts for whoever sends: so it is more than with a
network card.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from dsrlb.errors import DsrlbError
from dsrlb.health.protocol import Kind
from tests.bench.checking import INTERVAL_MS, answerer, certificate
from tests.bench.timings import cpu_seconds, memory
from tests.lab.instance import Instance
from tests.lab.plain import Namespace, run
from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Case:
    """So many real servers. ``resolved``: their MAC addresses are asked for, and not given."""

    kind: Kind
    reals: int
    bar_percent: float | None = None
    resolved: bool = False


CASES = (
    Case("tcp", 4096, 20),
    Case("http", 4096, 30),
    Case("https", 512),
    Case("tcp", 480, resolved=True),
)
"""TLS handshakes with 4,096 every two seconds take more than both CPUs here. Of neighbours the
kernel keeps about 500 unless the host is set otherwise (gc_thresh2)."""

DAEMON_BAR_PERCENT = 5.0
PORT = 80
"""Of services and real servers."""

_SECONDS = 20.0
_PER_SERVICE = 64
_FIRST = IPv4Address("10.72.16.0")
_OWN, _MAC = "10.72.0.1/16", "02:00:00:00:00:02"

Row = dict[str, Any]


def config(case: Case) -> str:
    """TOML."""
    lines = ["[balancer]", 'interfaces = ["eth0"]', "announce = false"]
    mac = "auto" if case.resolved else _MAC
    for number in range(-(-case.reals // _PER_SERVICE)):
        lines += ["[[service]]", f'name = "s{number}"', f'vip = "10.71.0.{number + 1}"']
        lines += ['protocol = "tcp"', f"port = {PORT}", 'mode = "router"']
        lines += [f'health.type = "{case.kind}"', f'health.interval = "{INTERVAL_MS}ms"']
        first = number * _PER_SERVICE
        for real in range(first, min(first + _PER_SERVICE, case.reals)):
            lines += ["[[service.real]]", f'address = "{_FIRST + real}"', f'mac = "{mac}"']
    return "\n".join(lines) + "\n"


@contextmanager
def network() -> Iterator[tuple[Instance, Namespace]]:
    """A balancer that does not run yet, and a namespace that is all real servers."""
    tag = f"health-{os.getpid()}"
    names = f"dsrlb-{tag}", f"dsrlb-{tag}r"
    for name in names:
        run("ip", "netns", "add", name)
    try:
        balancer, reals = map(Namespace, names)
        balancer.batch(
            f"link add eth0 address 02:00:00:00:00:01 type veth peer eth1 netns {reals.name}",
            *(f"link set {link} up" for link in ("lo", "eth0")),
            f"address add {_OWN} dev eth0",
        )
        reals.batch(
            "link set lo up",
            f"link set eth1 address {_MAC} up",
            "address add 10.72.0.2/16 dev eth1",
            f"route add local {_FIRST}/20 dev lo",
        )
        with tempfile.TemporaryDirectory(prefix="dsrlb-bench-") as folder:
            instance = Instance(f"t-{tag}", balancer, Path(folder))
            try:
                yield instance, reals
            finally:
                instance.remove()
    finally:
        for name in names:
            run("ip", "netns", "delete", name)


def checker_of(daemon: int) -> int:
    """The process that checks."""
    for children in Path(f"/proc/{daemon}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            if b"dsrlb.health" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    raise DsrlbError("the daemon has no process that checks")


def _probed(instance: Instance) -> int:
    """Packets of probes so far."""
    rows = instance.get("/stats")
    return sum(row["reasons"]["forwarded"] for row in rows if row["interface"] == "dsrlb-x0")


def _cost(instance: Instance, case: Case) -> Row:
    """Of checks that find nothing new."""
    instance.start(config(case), up=0)
    wait_until("all are up", lambda: instance.count_up() == case.reals, 60)
    time.sleep(2 * INTERVAL_MS / 1000)  # the first checks are close together
    pids = instance.pid, checker_of(instance.pid)
    sent = _probed(instance)
    began, before = time.monotonic(), [cpu_seconds(pid) for pid in pids]
    time.sleep(_SECONDS)
    seconds, after = time.monotonic() - began, [cpu_seconds(pid) for pid in pids]
    daemon, checker = (100 * (b - a) / seconds for a, b in zip(before, after, strict=True))
    row = {
        "case": "health",
        "what": f"{case.kind}, MAC addresses asked for" if case.resolved else case.kind,
        "reals": case.reals,
        "interval_ms": INTERVAL_MS,
        "daemon_percent": round(daemon, 1),
        "checker_percent": round(checker, 1),
        "whole_percent": round(daemon + checker, 1),
        "daemon_bar_percent": DAEMON_BAR_PERCENT,
        "bar_percent": case.bar_percent,
        **memory(instance.pid),
    }
    up, sent = instance.count_up(), _probed(instance) - sent
    if up != case.reals or sent < 2 * 0.95 * case.reals * seconds * 1000 / INTERVAL_MS:
        raise DsrlbError(f"{case.kind}: {up} of {case.reals} are up, {sent} packets went to them")
    instance.stop()
    return row


def measure(cases: Sequence[Case] = CASES) -> Iterator[Row]:
    """Rows as they are measured; two minutes. Needs root. Raises DsrlbError where checks fail."""
    with tempfile.TemporaryDirectory(prefix="dsrlb-bench-") as folder:
        for case in cases:
            with network() as (instance, reals):
                given = [certificate(folder)] if case.kind == "https" else []
                with answerer(reals, PORT, *given):
                    yield _cost(instance, case)


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines for the terminal."""
    yield f"{'% of a CPU, every 2 s':<30} {'reals':>6}  daemon  checks  whole  bars     daemon's MB"
    for row in rows:
        whole = "" if row["bar_percent"] is None else f", {row['bar_percent']:g}"
        bars = f"{row['daemon_bar_percent']:g}{whole}"
        yield (
            f"{row['what']:<30} {row['reals']:>6} {row['daemon_percent']:>7} "
            f"{row['checker_percent']:>7} {row['whole_percent']:>6}  {bars:<7}  {row['rss_mb']} "
            f"(own {row['anon_mb']}, files and maps {row['file_mb']})"
        )


def main() -> int:
    """Measure, and print the table."""
    for line in table(list(measure())):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
