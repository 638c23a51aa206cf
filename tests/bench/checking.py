# SPDX-License-Identifier: Apache-2.0
"""What checks of real servers cost: processor time of the process that makes them.

In a network namespace of its own, against a small server there: ``python -m tests.bench.checking``.
What the kernel does for both ends of a connection over loopback counts for whoever sends, so it is
more than over a real network.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dsrlb.errors import DsrlbError
from dsrlb.health.protocol import Ask, Check, Kind, Orders, Tallies, Target, encode
from tests.bench.timings import cpu_seconds
from tests.checking import Process
from tests.lab.plain import Namespace, run
from tests.waiting import wait_until

CASES: tuple[tuple[Kind, int], ...] = (("tcp", 4096), ("http", 4096), ("https", 512))
"""Type of check, targets. 4,096 handshakes every two seconds are too many for a server here."""

INTERVAL_MS = 2000
BAR_PERCENT = 50.0
_SECONDS = 10.0
_PORT = 8080
_ANSWERER = Path(__file__).with_name("answerer.py")

Row = dict[str, Any]


@contextmanager
def _namespace() -> Iterator[Namespace]:
    name = f"dsrlb-bench-checks-{os.getpid()}"
    run("ip", "netns", "add", name)
    try:
        found = Namespace(name)
        found.batch("link set lo up")
        yield found
    finally:
        run("ip", "netns", "delete", name)


@contextmanager
def answerer(one: Namespace, port: int, *certificate: str) -> Iterator[None]:
    """A small server in a namespace, by TLS where there is a certificate."""
    command = one.enter(sys.executable, str(_ANSWERER), str(port), *certificate)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdout is None or server.stdout.readline() != "ready\n":
            raise DsrlbError("the server for checks did not start")
        yield


def certificate(folder: str) -> str:
    """A new one, in one file with its key."""
    both = Path(folder, "both.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    more = f"-subj /CN=bench -keyout {both} -out {folder}/certificate.pem"
    run(*f"{command} {more}".split())
    both.write_text(both.read_text() + Path(folder, "certificate.pem").read_text())
    return str(both)


def _targets(kind: Kind, count: int) -> tuple[Target, ...]:
    """Each with an address of its own."""
    check = Check(kind, interval=INTERVAL_MS, timeout=1000)
    return tuple(
        Target(str(number), f"{kind} {number}", f"127.1.{number >> 8}.{number & 255}", _PORT, check)
        for number in range(count)
    )


def _tallies(process: Process, number: int) -> Tallies:
    process.send(encode(Ask(number)))
    found = wait_until(
        "the tallies", lambda: [t for t in process.read().tallies if t.ask == number], 30
    )
    return found[0]


def _cost(one: Namespace, kind: Kind, count: int) -> Row:
    """Of so many targets."""
    process = Process(*one.enter())
    try:
        process.send(encode(Orders(_targets(kind, count))))
        wait_until("all have a state", lambda: len(process.read().states) == count, 30)
        time.sleep(INTERVAL_MS / 1000)  # the first checks are close together
        before, cpu, began = (
            _tallies(process, 1),
            cpu_seconds(process.process.pid),
            time.monotonic(),
        )
        time.sleep(_SECONDS)
        seconds = time.monotonic() - began
        used = cpu_seconds(process.process.pid) - cpu
        after = _tallies(process, 2)
        memory = Path(f"/proc/{process.process.pid}/status").read_text()
        rss = int(memory.partition("VmRSS:")[2].split()[0])
    finally:
        process.close()
    checks = sum(one.sent for one in after.tallies) - sum(one.sent for one in before.tallies)
    failed = sum(one.failed for one in after.tallies)
    if failed or checks < 0.95 * count * seconds * 1000 / INTERVAL_MS:
        raise DsrlbError(f"{kind}: {checks} checks in {seconds:.1f} s, {failed} failed")
    return {
        "case": "checks",
        "what": kind,
        "targets": count,
        "interval_ms": INTERVAL_MS,
        "checks_per_second": round(checks / seconds),
        "cpu_percent": round(100 * used / seconds, 1),
        "us_per_check": round(1e6 * used / checks, 1),
        "bar_percent": BAR_PERCENT if kind != "https" else None,
        "rss_mb": round(rss / 1024, 1),
    }


def measure() -> Iterator[Row]:
    """Rows as they are measured; a minute. Needs root. Raises DsrlbError where checks fail, or are
    late."""
    with _namespace() as one, tempfile.TemporaryDirectory(prefix="dsrlb-bench-") as folder:
        for kind, count in CASES:
            with answerer(one, _PORT, *([certificate(folder)] if kind == "https" else [])):
                yield _cost(one, kind, count)


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines for the terminal."""
    yield "check     targets  a second  us each  % CPU  bar    MB"
    for row in rows:
        bar = "" if row["bar_percent"] is None else f"{row['bar_percent']:g}"
        yield (
            f"{row['what']:<8} {row['targets']:>8} {row['checks_per_second']:>9} "
            f"{row['us_per_check']:>8} {row['cpu_percent']:>6} {bar:>4} {row['rss_mb']:>5}"
        )


def main() -> int:
    """Measure, and print the table."""
    for line in table(list(measure())):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
